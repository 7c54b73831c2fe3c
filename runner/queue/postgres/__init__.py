"""The queue in PostgreSQL, and what hands its runs out; needs the extra ``distributed``."""

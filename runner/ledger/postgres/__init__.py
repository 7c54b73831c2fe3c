"""The ledger in PostgreSQL, for several machines; needs the extra ``distributed``."""

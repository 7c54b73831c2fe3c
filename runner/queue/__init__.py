"""The queue of runs that several machines work off; needs the extra ``distributed``."""

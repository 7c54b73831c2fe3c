"""lookbook: one manifest in, a catalog of avatar looks out, nothing paid twice."""

__version__ = "0.1.0"

"""The ledger: the durable, append-only record of every attempt, its money and its result (SQLite).

``events`` is the truth; every other table is derived from it and can be rebuilt. What a method
returned is on disk: WAL mode, ``synchronous=FULL``.
"""

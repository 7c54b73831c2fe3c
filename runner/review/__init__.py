"""The page where a campaign is decided: an application on loopback, for one person at a time.

It knows who may ask (``guard``), what may be asked (``app``) and how it looks (``page/``). What the
answers are it learns from a ``Desk``: it knows no ledger, no manifest and no run.
"""

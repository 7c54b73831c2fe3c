"""Who writes a campaign, as its row names the process to others."""

import os
import secrets
import socket

APART = " #"
"""Comes between an owner's name and what tells its claim from every other."""


def name_owner(pid: int | None = None) -> str:
    """Return who a process of this machine is to others, or this one.

    It may be said of several: containers have process 1 each.
    """
    return f"process {os.getpid() if pid is None else pid} on {socket.gethostname()}"


def name_claim(owner: str) -> str:
    """Return a name of a claim that no other claim has."""
    return f"{owner}{APART}{secrets.token_hex(8)}"


def find_owner(claim: str) -> str:
    """Return whose claim it is."""
    return claim.partition(APART)[0]

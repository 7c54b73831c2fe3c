"""Manifests as texts, read without a file of their own having to be written in each test."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from runner.manifest import Reading, load
from runner.model import Campaign

HEAD = "version: 1\ncampaign: spring\nbase: {name: Sarah, avatar_id: look_abc123}\n"
"""A manifest up to its looks, whose base needs no file."""

Read = Callable[..., Reading]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read a text as a manifest; ``head=True`` puts the usual beginning in front."""

    def reading(text: str | bytes, *, head: bool = False, **options: object) -> Reading:
        path = tmp_path / "spring.yaml"
        data = text.encode() if isinstance(text, str) else text
        path.write_bytes(HEAD.encode() + data if head else data)
        return load(path, **options)  # type: ignore[arg-type]  # options of load, by name

    return reading


@pytest.fixture
def campaign(read: Read) -> Callable[..., Campaign]:
    """Read a text that must be valid, behind the usual beginning."""

    def valid(text: str, **options: object) -> Campaign:
        reading = read(text, **{"head": True, "hints": False, **options})
        assert reading.campaign is not None, reading.diagnostics
        return reading.campaign

    return valid


@pytest.fixture
def codes(read: Read) -> Callable[..., list[tuple[str, int, int]]]:
    """Read a text behind the usual beginning: (code, line, column) of each finding."""

    def found(text: str, **options: object) -> list[tuple[str, int, int]]:
        reading = read(text, **{"head": True, "hints": False, **options})
        return [(item.code, item.line, item.column) for item in reading.diagnostics]

    return found


settings.register_profile("lookbook", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("lookbook")

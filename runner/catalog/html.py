"""What every page is made with: templates that escape, and a policy that lets nothing else run.

Text reaches a page only through Jinja with autoescape; style and script are named by their hash in
the Content-Security-Policy, so nothing else can run even if something slipped through.
"""

import base64
import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from runner.catalog import words

_TEMPLATES = Path(__file__).parent / "templates"


class Verbatim(str):
    """Our own style and script: a page carries them as they are, because a hash names them."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


@cache
def load_templates() -> Environment:
    """Return the templates of the pages."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["human"] = words.human_label
    return environment


@cache
def read_template(name: str) -> str:
    """Return one of our own styles or scripts."""
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def join_templates(names: Iterable[str], ending: str = "") -> Verbatim:
    """Return styles or scripts as one text, as a page carries it."""
    return Verbatim("".join(map(read_template, names)) + ending)


def make_policy(css: str, js: str, *, pictures: str) -> str:
    """Return a policy: this style, this script, and pictures from where they may come."""
    return (
        f"default-src 'none'; img-src {pictures}; style-src '{_digest(css)}'; "
        f"script-src '{_digest(js)}'; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")

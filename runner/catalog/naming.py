"""File names from a template such as ``{campaign}/{outfit}_{setting}_{take}.jpg``.

Values are hostile text: each becomes a piece of a name that is safe on every system. The template
comes from the person who runs the command; it may make folders, but not leave the target.
"""

import re
import string
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from runner.errors import UsageError

FIELDS = ("campaign", "look", "title", "take", "matrix", "avatar_id", "ext")
"""What every template may name; the axes of the campaign's matrices come on top."""
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")

_ENDINGS = (*SUFFIXES, ".{ext}")
_MAX_PIECE_BYTES = 180
"""Bytes of a piece without its suffix; file systems take 255, and a sync tool adds its own."""
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d) *(\..*)?", re.IGNORECASE)
_PADDING = re.compile(r"0[1-9]")


@dataclass(frozen=True, slots=True)
class Template:
    """A checked template, as (text before, field or None at the end, digits to pad to)."""

    parts: tuple[tuple[str, str | None, int], ...]

    def name(self, values: Mapping[str, str | None]) -> str:
        """Return the relative path for these values, ``/`` between its pieces.

        A look that has no value for a field (an axis of a matrix that it is not in) is called by
        its key in the first such place; further ones are left out with the separator before them.
        """
        out: list[str] = []
        named = False
        for text, field, digits in self.parts:
            value = values.get(field) if field is not None else ""
            if value is None and named:
                out.append(text.rstrip("_-. "))
                continue
            if value is None:
                value, named = values["look"] or "", True
            out.append(text + (make_safe_name(value.zfill(digits)) if field is not None else ""))
        # Where all of a file's name was left out, its folder's name becomes its own.
        filled = re.sub(r"/+(\.[^/]*)$", r"\1", "".join(out))
        return "/".join(make_safe_name(piece) for piece in filled.split("/") if piece)


def parse_template(text: str, axes: Collection[str]) -> Template:
    """Check a template. ``axes`` are the names it may use beside ``FIELDS``. Raises UsageError."""
    allowed = [*FIELDS, *(axis for axis in axes if axis not in FIELDS)]
    try:
        found = list(string.Formatter().parse(text))
    except ValueError as error:
        raise UsageError(f"The naming template {text!r} cannot be read: {error}.") from error
    parts: list[tuple[str, str | None, int]] = []
    for before, field, padding, conversion in found:
        if field is not None and field not in allowed:
            raise UsageError(
                f"The naming template asks for {{{field}}}, which nothing here has.",
                hint="It may name " + ", ".join(f"{{{name}}}" for name in allowed) + ".",
            )
        if conversion or (padding and not _PADDING.fullmatch(padding)):
            raise UsageError(
                f"The naming template's {{{field}}} has a form that is not known.",
                hint="The only one is a number of digits, as in {take:02}.",
            )
        parts.append((before, field, int(padding) if padding else 0))
    _check_path(text)
    return Template(tuple(parts))


def _check_path(text: str) -> None:
    if text.startswith("/") or "\\" in text or re.match(r"[a-zA-Z]:", text):
        raise UsageError(f"The naming template {text!r} must be a path below the target, with /.")
    if ".." in text.split("/"):
        raise UsageError(f"The naming template {text!r} leads out of the target folder.")
    if text.rpartition("/")[2].startswith(".") or not text.lower().endswith(_ENDINGS):
        raise UsageError(
            f"The naming template {text!r} is no picture's name.",
            hint="It ends in a name and one of " + ", ".join(_ENDINGS) + ".",
        )


def make_safe_name(text: str) -> str:
    """Make any text one piece of a path that Linux, macOS and Windows all take; never empty."""
    text = " ".join(unicodedata.normalize("NFC", text).split())
    kept = "".join(
        "-" if char in '/\\:*?"<>|' or unicodedata.category(char) in _UNFIT else char
        for char in text
    )
    stem, dot, suffix = kept.rpartition(".")
    if dot and len(suffix) <= 4:
        kept = _cut(stem) + dot + suffix
    kept = _cut(kept, 5).strip(" ").rstrip(". ") or "-"
    if kept.startswith("."):
        kept = "_" + kept[1:]
    return f"_{kept}" if _RESERVED.fullmatch(kept) else kept


def _cut(text: str, more: int = 0) -> str:
    return text.encode()[: _MAX_PIECE_BYTES + more].decode(errors="ignore")


_UNFIT = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

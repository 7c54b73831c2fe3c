"""The fonts of this computer, for scripts that the program brings no typeface for.

Asked of fontconfig where there is one (Linux); elsewhere the fonts that macOS and Windows come with
are tried. Nothing here promises that a font has a character: the caller looks.
"""

import shutil
import subprocess
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from PIL import ImageFont, features

USUAL_FONTS = (
    "/System/Library/Fonts/Supplemental/Arial Unicode.ttf",
    "/Library/Fonts/Arial Unicode.ttf",
    "C:/Windows/Fonts/arial.ttf",
    "C:/Windows/Fonts/msyh.ttc",
    "C:/Windows/Fonts/YuGothM.ttc",
    "C:/Windows/Fonts/malgun.ttf",
    "C:/Windows/Fonts/Nirmala.ttc",
    "C:/Windows/Fonts/Nirmala.ttf",
    "C:/Windows/Fonts/LeelawUI.ttf",
)
"""Fonts of other systems, as ``PATH``; together they have the scripts that most people write."""

FONT_LIST_TIMEOUT = 20.0
"""Seconds after which fontconfig is not waited for: it may be making its cache."""


def find_fonts(char: str) -> Iterator[str]:
    """Return fonts that may have a character, the best first, each as ``PATH#INDEX``."""
    asked = _ask_fontconfig(char)
    if asked is not None:
        yield asked
    yield from (f"{path}#0" for path in USUAL_FONTS if Path(path).is_file())


def can_set(char: str) -> bool:
    """Return whether a character can be set at all.

    Some need rules that are a library of their own.
    """
    return features.check("raqm") or not needs_shaping(char)


def needs_shaping(char: str) -> bool:
    """Return whether a character is set by rules.

    Written from the right, joined, or put above another.
    """
    if unicodedata.bidirectional(char) in ("R", "AL") or unicodedata.category(char).startswith("M"):
        return True
    return 0x0900 <= ord(char) < 0x1100 or 0x1780 <= ord(char) < 0x1800


def load_font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """Open a font at a size in pixels. Raises OSError where that cannot be done."""
    path, _, index = name.rpartition("#")
    engine = ImageFont.Layout.RAQM if features.check("raqm") else ImageFont.Layout.BASIC
    return ImageFont.truetype(path, size, index=int(index), layout_engine=engine)


def _ask_fontconfig(char: str) -> str | None:
    """Ask fontconfig for its best font with a character."""
    tool = shutil.which("fc-match")
    if tool is None:
        return None
    wanted = f"sans:charset={ord(char):x}"
    try:
        found = subprocess.run(  # noqa: S603 - the system's own tool, without a shell
            [tool, "-f", "%{file}#%{index}", wanted],
            capture_output=True,
            check=True,
            encoding="utf-8",
            timeout=FONT_LIST_TIMEOUT,
        ).stdout
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    path, _, index = found.rpartition("#")
    return f"{path}#{int(index) & 0xFFFF}" if index.isdecimal() and Path(path).is_file() else None

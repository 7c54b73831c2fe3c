"""Any bytes as what a command prints: a terminal only shows it, and a shell reads it as one word.

The first byte says into how many writes the rest is cut.
"""

import io
import json
import shlex

from runner.cli.terminal import Terminal, escape_text, show_link, style
from runner.shell import quote_command
from tests.cli.hostile import EVIL, SNEAKY, find_dangers
from tests.fuzz.target import Target, demand, written

WORDS = (
    *("\x1b[", "\x1b]0;", "\x9b", "\x07", "\x08", "\x00", "\r", "\r\n", "\u2028", "\x85", "\x0b"),
    *("\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "\U000e0041", "\u3164", "\ufe0f", "\xad"),
    *("::", "::set-output ", "##[", "##vso[", "##teamcity[", ":", "#", " ", "\t", "FORGED"),
    *("'", '"', "$(", "`", "\\", ";", "https://", "javascript:", "file:///"),
)


def run(data: bytes) -> None:
    """Write it as it is, cut into pieces, as one line, in a style, as JSON, as a command."""
    if not data:
        return
    text = data[1:].decode("utf-8", "surrogateescape")
    step = max(1, len(text) // (data[0] // 2 + 1))
    pieces = [text[start : start + step] for start in range(0, len(text), step)]
    plain = [line for line in text.split("\n") if not line.startswith("FORGED")]
    harmless(shown(*pieces), forged=len(plain) < len(text.split("\n")))
    harmless(shown("x", escape_text(text)), forged=False)
    coloured = shown(style(text, fg="red"))
    demand(coloured.startswith("\x1b[31m"), "colours of our own stay")
    within = coloured.removeprefix("\x1b[31m").removesuffix("\x1b[0m")
    harmless(f"x{within}", forged=False)
    document = json.dumps({"text": text}, ensure_ascii=False)
    demand(json.loads(shown(document)) == {"text": text}, "JSON says the same")
    demand(show_link(text) in {text, show_link("")}, "a link is shown as it is, or not at all")
    if text.isprintable():
        words = shlex.split(quote_command("lookbook", text))
        demand(words == ["lookbook", text], "a shell reads the same words")


def shown(*pieces: str) -> str:
    stream = io.StringIO()
    terminal = Terminal(stream)
    for piece in pieces:
        terminal.write(piece)
    written(stream.getvalue(), "what is printed")
    return stream.getvalue()


def harmless(text: str, *, forged: bool) -> None:
    """Check a text that was written; ``forged`` allows lines that were lines before."""
    dangers = [one for one in find_dangers(text) if not (forged and one.startswith("FORGED"))]
    demand(not dangers, f"a terminal is handed {dangers[:3]}")


def seeds() -> list[bytes]:
    texts = (EVIL, SNEAKY, "Zoë · naïve — 東京", "::error::x", "a\t##[b]\r\n", "https://a.example/")
    return [bytes([cut]) + text.encode() for text in texts for cut in (1, 9, 61)]


WATCHED = ("runner.cli.terminal", "runner.shell")
TARGET = Target("terminal", run, seeds, WORDS, WATCHED)

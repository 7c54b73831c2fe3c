"""Long lines on a terminal: broken between words, and what is copied in one piece."""

import io
import os

import pytest

from runner.cli.terminal import Terminal, style
from runner.cli.wrap import wrap_lines

SENTENCE = "A sentence that says what happened, what it means, and what to do about it now."
COMMAND = "lookbook run a.yaml --yes --max-cost 25 --select 'x y z'"
QUOTED = "  105 |     a line of a file that is quoted, and its end, not broken"


@pytest.mark.parametrize(
    ("line", "wrapped"),
    [
        ("short", "short"),
        (SENTENCE, SENTENCE.replace("and what", "and\n  what")),
        (f"Error: {SENTENCE}", f"Error: {SENTENCE}".replace(" and", "\n       and")),
        (f"  key    {SENTENCE}", f"  key    {SENTENCE}".replace(" means", "\n         means")),
        (f"To do it: {COMMAND}", f"To do it:\n  {COMMAND}"),
        (f"It is done by `{COMMAND}`, now.", f"It is done by\n  `{COMMAND}`,\n  now."),
        (f"  \x1b[1m{COMMAND}\x1b[0m --and-more", f"  \x1b[1m{COMMAND}\x1b[0m --and-more"),
        (
            "one two · three four five six seven eight nine ten · eleven",
            "one two · three four five six seven eight nine ten ·\n  eleven",
        ),
        (f"{'x' * 50} took 7.4 s; {'y' * 9}", f"{'x' * 50} took\n  7.4 s; {'y' * 9}"),
        ("  " + "紺" * 40, "  " + "紺" * 28 + "\n    " + "紺" * 12),
        ("see /tmp/" + "紺" * 40, "see\n  /tmp/" + "紺" * 40),
        (QUOTED, QUOTED),
        ("東京 " * 12, "東京 " * 10 + "東京\n  東京 "),
    ],
)
def test_a_line_is_broken_between_words_below_its_text(line: str, wrapped: str) -> None:
    assert wrap_lines(line, 58) == wrapped


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1


def test_what_people_read_is_wrapped_and_what_a_program_reads_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "get_terminal_size", lambda _number: os.terminal_size((58, 24)))
    screen, data, pipe = Screen(), Screen(), io.StringIO()
    guards = [Terminal(stream) for stream in (screen, data, pipe)]
    guards[1].wraps = False
    for guard in guards:
        guard.write(f"{style('Error:', fg='red')} {SENTENCE}\n")
    assert "\n       and what" in screen.getvalue()
    assert data.getvalue().count("\n") == pipe.getvalue().count("\n") == 1


def test_no_line_that_is_broken_begins_with_what_a_ci_carries_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "get_terminal_size", lambda _number: os.terminal_size((20, 24)))
    screen = Screen()
    Terminal(screen).write("eighteen characters ::error::forged\n")
    assert "\n  ::" not in screen.getvalue()
    assert "forged" in screen.getvalue()

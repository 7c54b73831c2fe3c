"""``lookbook``, and ``python -m runner``, which is the same."""

import gc
from typing import NoReturn


def main() -> NoReturn:
    """Run the command and end the process with its exit code."""
    # A command makes many objects that live as long as it does, beginning with what it imports.
    # Looking through them for cycles as often as Python does by default is a twentieth of the time
    # that a command takes to start, and a tenth of what ten thousand looks take.
    gc.set_threshold(50_000, 20, 50)
    from runner import cli

    cli.main()


if __name__ == "__main__":  # a process that measures faces reads this module as well
    main()

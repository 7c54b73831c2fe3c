"""``python -m runner``: the same as ``lookbook``."""

from runner.cli import main

if __name__ == "__main__":  # a process that measures faces reads this module as well
    main()

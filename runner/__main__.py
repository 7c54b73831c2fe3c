"""``python -m runner``: the same as ``lookbook``."""

from runner.cli import main

main()

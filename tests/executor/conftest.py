"""What the tests of this folder begin with."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.executor.harness import Harness


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    """One campaign and one account; the ledgers that were opened are closed at the end."""
    with closing(Harness(tmp_path)) as made:
        yield made

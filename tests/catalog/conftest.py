"""What the tests in every browser open."""

from pathlib import Path

import pytest

from runner import catalog
from tests.catalog import sample


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the sample campaign's folder, with its pictures and its page."""
    folder = tmp_path_factory.mktemp("campaign")
    results = sample.campaign()
    sample.draw(folder, results, (160, 200))
    catalog.write_catalog(results, folder)
    return folder

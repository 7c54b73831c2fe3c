"""What to type for an extra, however this lookbook was installed."""

import importlib.metadata
import json
import sys
import tomllib
from pathlib import Path

import pytest

from runner.extras import DISTRIBUTION, install_command

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))[
    "project"
]


class Installed:
    """A distribution that was installed by INSTALLER from URL."""

    def __init__(self, installer: str, url: str = "", *, editable: bool = False) -> None:
        source = {"url": url, "dir_info": {"editable": editable}} if url else None
        self.files = {"INSTALLER": f"{installer}\n"}
        if source:
            self.files["direct_url.json"] = json.dumps(source)

    def read_text(self, name: str) -> str | None:
        return self.files.get(name)


def test_the_name_is_the_one_that_is_built() -> None:
    assert PROJECT["name"] == DISTRIBUTION
    assert PROJECT["scripts"] == {"lookbook": "runner.__main__:main"}


@pytest.mark.parametrize(
    ("prefix", "python", "installed", "expected"),
    [
        ("/v", "/v/bin/python", Installed("pip"), '/v/bin/python -m pip install "{}[faces]"'),
        ("/v", "/v w/python", Installed("pip"), '"/v w/python" -m pip install "{}[faces]"'),
        (
            "/h/pipx/venvs/lookbook-runner",
            "/h/python",
            Installed("pip"),
            'pipx install --force "{}[faces]"',
        ),
        (
            "/h/uv/tools/lookbook-runner",
            "/h/python",
            Installed("uv", "file:///d/x.whl"),
            'uv tool install --force "{}[faces] @ file:///d/x.whl"',
        ),
        ("/v", "/v/py", Installed("uv"), 'uv pip install --python /v/py "{}[faces]"'),
        (
            "/v",
            "/v/py",
            Installed("pip", "file:///d", editable=True),
            '/v/py -m pip install --editable "{}[faces] @ file:///d"',
        ),
    ],
)
def test_the_command_fits_the_installation(
    monkeypatch: pytest.MonkeyPatch, prefix: str, python: str, installed: Installed, expected: str
) -> None:
    monkeypatch.setattr(sys, "prefix", prefix)
    monkeypatch.setattr(sys, "executable", python)
    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: installed)

    assert install_command("faces") == expected.format(DISTRIBUTION)


def test_a_copy_that_no_tool_installed_names_the_distribution(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def distribution(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", distribution)

    assert install_command("faces").endswith(f'-m pip install "{DISTRIBUTION}[faces]"')


@pytest.mark.parametrize("extra", ["faces", "xlsx", "socks", "browser"])
def test_each_extra_that_is_named_exists(extra: str) -> None:
    assert extra in PROJECT["optional-dependencies"]

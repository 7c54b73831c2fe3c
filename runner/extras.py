"""The distribution's name, and the command that adds an extra to the installation that is running.

The command that people type is ``lookbook``; on the package index that name is somebody else's.
"""

import json
import sys
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import Distribution

DISTRIBUTION = "lookbook-runner"


def install_command(extra: str) -> str:
    """Return the command that installs an extra where this program runs, from where it came.

    Double quotes, because ``cmd.exe`` knows no others.
    """
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        installed = distribution(DISTRIBUTION)
    except PackageNotFoundError:
        return f'{_installer(None)} "{DISTRIBUTION}[{extra}]"'
    return f"{_installer(installed)} {_requirement(installed, extra)}"


def _installer(installed: "Distribution | None") -> str:
    folders = PurePath(sys.prefix).parts
    python = f'"{sys.executable}"' if " " in sys.executable else sys.executable
    if "pipx" in folders:
        return "pipx install --force"
    if "tools" in folders and "uv" in folders:
        return "uv tool install --force"
    if installed is not None and (installed.read_text("INSTALLER") or "").strip() == "uv":
        return f"uv pip install --python {python}"
    return f"{python} -m pip install"


def _requirement(installed: "Distribution", extra: str) -> str:
    """Return what to install: by name from the index, else from the folder or file it came from."""
    source = json.loads(installed.read_text("direct_url.json") or "{}")
    url = str(source.get("url", ""))
    if source.get("dir_info", {}).get("editable") and url.startswith("file://"):
        return f'--editable "{DISTRIBUTION}[{extra}] @ {url}"'
    if url:
        return f'"{DISTRIBUTION}[{extra}] @ {url}"'
    return f'"{DISTRIBUTION}[{extra}]"'

"""The nightly page's workflow, night after night: its lines in fresh checkouts of a repository."""

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from runner.simulator.server import Embedded
from runner.simulator.settings import Latency, SimulatorSettings

PAGE = Path(__file__).parents[2] / "docs" / "nightly.md"
MANIFEST = """\
version: 1
campaign: spring
base: {name: Sarah, photo: me.png}
looks:
  office: {prompt: "Wearing a navy blazer, modern office, morning light"}
"""
ANOTHER = '  park: {prompt: "Wearing a green sweater, a park in autumn, evening light"}\n'
INSTALLS = "pip install"


def list_steps() -> list[dict[str, Any]]:
    """Return the workflow's steps that run lines, but for the one that installs."""
    (text,) = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    steps = yaml.safe_load(text)["jobs"]["run"]["steps"]
    return [one for one in steps if "run" in one and not one["run"].startswith(INSTALLS)]


class Job:
    """A repository with a manifest, and a runner that has nothing but what it checks out."""

    def __init__(self, folder: Path, environment: dict[str, str], account: Embedded) -> None:
        self.folder, self.account = folder, account
        path = f"{Path(sys.executable).parent}:{environment['PATH']}"
        self.environment = {**environment, "PATH": path, "HEYGEN_API_BASE": account.url}
        self.nights = 0
        self.git("init", "--quiet", "--bare", "--initial-branch=main", "origin.git")
        self.git("clone", "--quiet", "origin.git", "desk")
        Image.new("RGB", (512, 512), (200, 150, 120)).save(folder / "desk" / "me.png")
        self.push(MANIFEST)

    def git(self, *arguments: str, where: str = ".") -> None:
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.example", *arguments]
        subprocess.run(
            command, cwd=self.folder / where, env=self.environment, check=True, capture_output=True
        )

    def push(self, manifest: str) -> None:
        """Bring a manifest into the repository, as a person does."""
        if self.nights:
            self.git("pull", "--quiet", where="desk")
        (self.folder / "desk" / "spring.yaml").write_text(manifest)
        self.git("add", ".", where="desk")
        self.git("commit", "--quiet", "-m", "spring", where="desk")
        self.git("push", "--quiet", "origin", "HEAD:main", where="desk")

    def run_a_night(self) -> str:
        """Run the job's lines in a fresh checkout; return the exit code that it noted."""
        self.nights += 1
        checkout = f"night{self.nights}"
        self.git("clone", "--quiet", "origin.git", checkout)
        noted, code = self.folder / f"{checkout}.out", ""
        for step in list_steps():
            lines = step["run"].replace("${{ steps.looks.outputs.code }}", code)
            given = {"GITHUB_OUTPUT": str(noted), "GITHUB_STEP_SUMMARY": f"{noted}.md"}
            given |= dict.fromkeys(step.get("env", ()), "sk-nightly-0123456")
            done = subprocess.run(
                ["bash", "-eo", "pipefail", "-c", lines],
                cwd=self.folder / checkout,
                env={**self.environment, **given},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{step}\n{done.stdout}{done.stderr}"
            code = dict(re.findall(r"(\w+)=(.*)", noted.read_text()))["code"]
        return code

    def charges(self) -> list[str]:
        """Return the names of the looks that the account has charged."""
        with urllib.request.urlopen(f"{self.account.url}/__simulator__/stats") as answer:
            return [charge["name"] for charge in json.load(answer)["charges"]]


@pytest.fixture
def job(tmp_path: Path, process_env: dict[str, str]) -> Iterator[Job]:
    settings = SimulatorSettings(latency=Latency("fixed", 0.05), pictures=False)
    with Embedded(settings) as account:
        yield Job(tmp_path, process_env, account)


@pytest.mark.slow
def test_a_second_night_buys_nothing_and_a_third_what_was_added(job: Job) -> None:
    assert job.run_a_night() == "0"
    assert len(job.charges()) == 2
    assert "office" in (job.folder / "night1.out.md").read_text()
    assert job.run_a_night() == "0"
    assert len(job.charges()) == 2
    job.push(MANIFEST + ANOTHER)
    assert job.run_a_night() == "0"
    assert [name for name in job.charges()[2:] if "park" in name] == job.charges()[2:]
    assert len(job.charges()) == 3

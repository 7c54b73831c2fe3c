"""The installed command, as a process, with an account over real HTTP or the embedded one."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from runner.simulator.server import Embedded
from runner.simulator.settings import Fault, Latency, SimulatorSettings
from tests.launcher import COMMAND, Launcher, Process

KEY = "sk-planted-0123456789-abcdefghij"
MANIFEST = """\
version: 1
campaign: spring
base: {name: Sarah, photo: sarah.png}
looks:
  office: {prompt: "Wearing a navy blazer, modern office, morning light"}
  night: {prompt: "The same blazer at night, city lights", avatar_id: {look: office}}
  street: {prompt: "Wearing a trench coat, rainy street, dusk"}
"""
SIM = ("--sim", "latency=fixed:0.05", "--sim", "pictures=off")

PATIENCE = 300
"""Seconds after which a command hangs. No measure of speed: machines of tests are shared."""

QUICK = 0.05
"""Seconds that a look takes at an account of the tests."""

Done = subprocess.CompletedProcess[str]


class Command:
    """Runs ``lookbook`` in a folder, as a person or a nightly job would."""

    def __init__(self, folder: Path, environment: dict[str, str], launcher: Launcher) -> None:
        self.folder = folder
        self.environment = environment
        self.executable = Path(sys.executable).with_name("lookbook")
        self._launcher = launcher

    def start(self, *arguments: str, target: str = COMMAND) -> Process:
        """Start the command, or something else that reads its arguments, as a process."""
        return self._launcher.start(
            *arguments, cwd=self.folder, environment=self.environment, target=target
        )

    def start_installed(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start the installed command from nothing, as a person does."""
        return subprocess.Popen(
            [self.executable, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: str, code: int = 0, installed: bool = False) -> Done:
        process = self.start_installed(*arguments) if installed else self.start(*arguments)
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == code, f"exit {process.returncode}\n{out}\n{err}"
        assert "Traceback" not in err, err
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def json(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self(*arguments, code=code).stdout)
        return found

    def simulate(self, *more: str, code: int = 0) -> dict[str, Any]:
        arguments = ("run", "spring.yaml", "--simulate", "--yes", "--format", "json", *SIM)
        return self.json(*arguments, *more, code=code)

    def edit(self, old: str, new: str) -> None:
        path = self.folder / "spring.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


@pytest.fixture
def lookbook(tmp_path: Path, process_env: dict[str, str], launcher: Launcher) -> Command:
    """The command, in a folder with a manifest and no key."""
    Image.new("RGB", (512, 512), (200, 150, 120)).save(tmp_path / "sarah.png")
    (tmp_path / "spring.yaml").write_text(MANIFEST)
    return Command(tmp_path, process_env, launcher)


class Server:
    """A simulator over real HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url

    def stats(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/__simulator__/stats") as answer:
            found: dict[str, Any] = json.load(answer)
        return found


@dataclass(frozen=True, slots=True)
class FirstSlow(Latency):
    """The first look of an account takes ``first`` seconds, every other one ``second``."""

    sampled: list[float] = field(default_factory=list)

    def sample(self, fraction: float) -> float:
        self.sampled.append(fraction)
        return self.first if len(self.sampled) == 1 else self.second


@pytest.fixture
def server(request: pytest.FixtureRequest, lookbook: Command) -> Iterator[Server]:
    """An account that the command's key belongs to. Parametrized with simulator settings."""
    options = dict(getattr(request, "param", {}))
    faults = tuple(Fault.parse(text) for text in options.pop("faults", ()))
    latency = FirstSlow("fixed", options.pop("first_look", QUICK), QUICK)
    settings = SimulatorSettings(latency=latency, faults=faults, pictures=False, **options)
    with Embedded(settings) as simulator:
        lookbook.environment |= {
            "HEYGEN_API_BASE": simulator.url,
            "HEYGEN_API_KEY": KEY,
            "HEYGEN_MAX_RETRIES": "3",
        }
        yield Server(simulator.url)

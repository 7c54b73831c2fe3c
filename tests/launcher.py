"""Start the command as a process of its own, without importing everything for each start.

A server that has imported the command and has no threads forks for every start: what it starts has
its own pid, folder, environment, streams, signals and exit code, and can be killed. That the
command starts from nothing is tested where that is the point (``tests/test_package.py``, the
fixture ``installed``).
"""

import gc
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout, suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from runner.cli.run_forks import read_exactly

__all__ = ["Launcher", "Process"]

ROOT = Path(__file__).parents[1]
COMMAND = "runner.__main__:main"
WAITS = {
    "runner.policy.retry:MIN_POLL": 0.05,
    "runner.executor.refunds:SETTLING": (0.02, 0.03),
    "runner.executor.session:SHOWN_AFTER": 0.05,
    "runner.executor.temporary_refusals:LAG": 1.0,
    "runner.executor.temporary_refusals:LAG_DELAY": 0.3,
    "runner.executor.preflight:LAG": 1.0,
    "runner.executor.preflight:LAG_DELAY": 0.3,
    "runner.executor.resolve_unknown:UNANSWERED_GAP": 0.1,
    "runner.executor.replay_turns:LIST_GAP": 0.1,
    "runner.executor.gone:GONE_PAUSE": 0.05,
}
"""Waits, in seconds, for an account that is late, and what they are in commands of the tests.
HeyGen's looks take minutes, the simulator's here a twentieth of a second, and its lists and its
wallet are never late. That each is waited for is tested in virtual time."""
LIMITS = {"listed": 0.2, "replay_listed": 0.4}
"""Seconds after which commands of the tests list what a send or a replay of theirs has made."""


class Process:
    """A process that was started: what ``subprocess.Popen`` offers, as far as tests use it."""

    def __init__(self, pid: int, stdout: IO[str], stderr: IO[str], status: IO[str]) -> None:
        self.pid, self.stdout, self.stderr = pid, stdout, stderr
        self.returncode: int | None = None
        self._status = status
        self._ended = threading.Thread(target=self._wait, daemon=True)
        self._ended.start()

    def _wait(self) -> None:
        with self._status as status:
            line = status.readline()
            self.returncode = int(line) if line else -signal.SIGKILL

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Wait for its end and return the exit code, negative for a signal."""
        self._ended.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def communicate(self, timeout: float) -> tuple[str, str]:
        """Read both streams to their ends and wait; kill it where that takes too long."""
        read: dict[str, str] = {}
        streams = {"out": self.stdout, "err": self.stderr}
        readers = [
            threading.Thread(target=lambda name=name: read.update({name: streams[name].read()}))
            for name in streams
        ]
        deadline = time.monotonic() + timeout
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(max(0.0, deadline - time.monotonic()))
        try:
            self.wait(max(0.0, deadline - time.monotonic()))
        finally:
            self.send_signal(signal.SIGKILL)
            for reader in readers:
                reader.join()
            self.close()
        return read["out"], read["err"]

    def close(self) -> None:
        """Close its streams."""
        self.stdout.close()
        self.stderr.close()


class Launcher:
    """The server, started when the first process is; ``environment`` is what its imports see."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        here, there = socket.socketpair()
        with there:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "tests.launcher", str(there.fileno())],
                cwd=ROOT,
                env=dict(environment),
                pass_fds=[there.fileno()],
                stdin=subprocess.DEVNULL,
            )
        self._socket = here

    def close(self) -> None:
        """End the server; what it started goes on."""
        self._socket.close()
        self._server.wait(timeout=60)

    def start(
        self,
        *arguments: str | Path,
        cwd: Path,
        environment: Mapping[str, str],
        target: str = COMMAND,
    ) -> Process:
        """Start ``target`` (``module:function``, which reads ``sys.argv``) as a process."""
        order = {
            "target": target,
            "arguments": [str(argument) for argument in arguments],
            "cwd": str(cwd),
            "environment": dict(environment),
        }
        payload = json.dumps(order).encode()
        ours, theirs = zip(*(os.pipe() for _ in range(3)), strict=True)
        socket.send_fds(self._socket, [len(payload).to_bytes(8, "big")], theirs)
        self._socket.sendall(payload)
        for descriptor in theirs:
            os.close(descriptor)
        out, err, status = (os.fdopen(descriptor, encoding="utf-8") for descriptor in ours)
        pid = status.readline()
        assert pid, "the launcher has ended; it says why on stderr"
        return Process(int(pid), out, err, status)


# --- the server -----------------------------------------------------------------------------------


def main() -> None:
    """Serve until the tests end; in a process that was started, be the command."""
    warm_up()
    with socket.socket(fileno=int(sys.argv[1])) as control:
        target = serve(control)
    sys.exit(target())  # type: ignore[arg-type]  # whatever the command says


NOT_WARMED = frozenset({"sources", "postgres", "objects", "metrics"})
"""Scripts that are not shipped, and what needs an extra and is imported only where that is used."""


def warm_up() -> None:
    """Import everything that a command may need, and rehearse once what is compiled when used."""
    for path in sorted((ROOT / "runner").rglob("*.py")):
        if path.stem != "__main__" and NOT_WARMED.isdisjoint({path.stem, path.parent.name}):
            parts = path.relative_to(ROOT).with_suffix("").parts
            import_module(".".join(parts).removesuffix(".__init__"))
    for place, seconds in WAITS.items():
        module, name = place.split(":")
        assert hasattr(import_module(module), name), place
        setattr(import_module(module), name, seconds)
    retry_limits: Any = import_module("runner.policy.retry")
    account: Any = import_module("runner.cli.account")
    account.RetryLimits = partial(retry_limits.RetryLimits, **LIMITS)
    said = io.StringIO()
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(said), redirect_stderr(said):
        manifest = Path(folder, "rehearsal.yaml")
        manifest.write_text(REHEARSAL)
        assert import_module("runner.cli").invoke(["run", str(manifest), *REHEARSE]) == 0, (
            said.getvalue()
        )
    assert threading.active_count() == 1
    gc.freeze()


REHEARSAL = """\
version: 1
campaign: rehearsal
base: {name: Sarah, prompt: A woman in her forties}
looks: {office: {prompt: "Wearing a navy blazer, modern office, morning light"}}
"""
REHEARSE = ("--simulate", "--yes", "--sim", "latency=fixed:0", "--sim", "pictures=off")


def serve(control: socket.socket) -> Callable[[], object]:
    """Start a process for each order. Return, in each that was started, what it is to do."""
    while True:
        head, descriptors, _, _ = socket.recv_fds(control, 8, 3)
        if not head:
            return lambda: None
        order = json.loads(read_exactly(control, int.from_bytes(head, "big")))
        if os.fork() == 0:
            return _keep(order, *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        with suppress(ChildProcessError):  # there may be none any more
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _keep(order: dict[str, Any], out: int, err: int, status: int) -> Callable[[], object]:
    """Start the process, tell its pid and how it ended; return, in it, what it is to do."""
    pid = os.fork()
    if pid == 0:
        os.close(status)
        return _become(order, out, err)
    os.close(out)
    os.close(err)
    os.write(status, f"{pid}\n".encode())
    _, ended = os.waitpid(pid, 0)
    os.write(status, f"{os.waitstatus_to_exitcode(ended)}\n".encode())
    os._exit(0)


def _become(order: dict[str, Any], out: int, err: int) -> Callable[[], object]:
    for descriptor, stream in ((out, 1), (err, 2)):
        os.dup2(descriptor, stream)
        os.close(descriptor)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it would be ignored for good
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["cwd"])
    tempfile.tempdir = None
    sys.argv = ["lookbook", *order["arguments"]]
    module, _, function = order["target"].partition(":")
    target: Callable[[], object] = getattr(import_module(module), function)
    return target


if __name__ == "__main__":
    main()

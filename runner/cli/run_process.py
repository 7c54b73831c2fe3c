"""The process in which a worker carries out one run, as the worker starts it.

It is forked from a process without threads (``run_forks``), or a program started anew where forking
is not safe, so that nothing of the worker's threads is in it. It reads what to do from its stdin,
and ends when that ends: with its worker.
"""

import codecs
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from runner.cli.run_forks import COMMAND, ForkedRun, RunForks
from runner.queue.port import BegunRun
from runner.queue.unpack import unpack

PIECE = 65_536
"""Bytes of output that are handed on at once."""

log = logging.getLogger("runner.queue")


class StartedRun:
    """A process that was started (``runner.queue.worker.RunProcess``)."""

    def __init__(
        self, begun: BegunRun, folder: Path, environment: Mapping[str, str], forks: RunForks | None
    ) -> None:
        pack = begun.read_pack()
        manifest = unpack(pack, folder)
        arguments = ("--format", str(pack.options.get("form", "text")))
        self._process = _start(arguments, manifest.parent, environment, forks)
        order = {"run": begun.run.run, "attempt": begun.attempt, "pack": pack.to_json()}
        stdin = _opened(self._process.stdin)
        with suppress(BrokenPipeError):  # it has ended already, and says why
            stdin.write(json.dumps(order).encode() + b"\n")
            stdin.flush()

    @property
    def pid(self) -> int:
        return self._process.pid

    def follow(self, write: Callable[[str, bool], None]) -> int:
        out, err = _opened(self._process.stdout), _opened(self._process.stderr)
        lock = threading.Lock()  # what writes has one connection

        def hand_on(descriptor: int, *, error: bool) -> None:
            decode = codecs.getincrementaldecoder("utf-8")("replace").decode
            while piece := os.read(descriptor, PIECE):
                with lock:
                    write(decode(piece), error)

        failures: list[Exception] = []

        def hand_on_stdout() -> None:
            try:
                hand_on(out.fileno(), error=False)
            except Exception as error:  # noqa: BLE001 - raised below, in the thread that waits
                failures.append(error)

        reader = threading.Thread(target=hand_on_stdout, daemon=True)
        reader.start()
        with self._process:  # closes its streams
            hand_on(err.fileno(), error=True)
            reader.join()
            code = self._process.wait()
        if failures:
            raise failures[0]
        return code

    def ask_to_end(self) -> None:
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            self._process.send_signal(number)


def open_forks() -> RunForks | None:
    """Return what forks runs; None where libraries of the system are not made for that."""
    return RunForks() if sys.platform == "linux" else None


def _start(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str], forks: RunForks | None
) -> "ForkedRun | subprocess.Popen[bytes]":
    if forks is not None:
        try:
            return forks.start(arguments, folder, environment)
        except OSError as error:
            log.warning("a run is started anew, because it could not be forked: %s", error)
    return subprocess.Popen(  # noqa: S603 - this very program
        [*COMMAND, "runner.cli.queued_run", *arguments],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is the worker's to answer
    )


def _opened(stream: IO[bytes] | None) -> IO[bytes]:
    """Return a stream that was asked for with a pipe."""
    if stream is None:
        raise ValueError
    return stream

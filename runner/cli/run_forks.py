"""Processes of runs, forked from one that has imported what a run needs.

Most of what a short run takes of the processor is imports. So a worker starts one process that has
no threads, imports everything once, and forks for each run. Each run is still a process of its own,
with its own folder, environment, streams and signals; what it imported it shares.
"""

import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Any, Self

COMMAND = (sys.executable, "-P", "-m")
"""Starts a module. -P: the folder that a run was unpacked into is no place to import from."""

IMPORTED = (
    "anyio._backends._asyncio",
    "h11",
    "httpcore",
    "PIL.JpegImagePlugin",
    "PIL.PngImagePlugin",
    "runner.catalog.page",
    "runner.catalog.reading",
    "runner.cli.queued_run",
    "runner.heygen.client",
    "runner.heygen.settings",
    "runner.images.downloader",
    "runner.ledger.postgres.location",
    "runner.ledger.postgres.shared",
    "runner.manifest.formats",
    "runner.manifest.template",
)
"""What a run imports at once or when it needs it."""


ANSWER_WITHIN = 30.0
"""Seconds in which what forks answers, its own start included: one that was stopped never does."""


class ForkedRun:
    """A process that was forked: what ``subprocess.Popen`` offers, as far as a run is followed."""

    def __init__(
        self, pid: int, stdin: IO[bytes], stdout: IO[bytes], stderr: IO[bytes], status: IO[bytes]
    ) -> None:
        self.pid = pid
        self.stdin, self.stdout, self.stderr = stdin, stdout, stderr
        self._status = status
        self._lock = threading.Lock()
        self._code: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for stream in (self.stdout, self.stderr, self.stdin):
            with suppress(BrokenPipeError):
                stream.close()
        self.wait()
        self._status.close()

    def wait(self) -> int:
        """Wait for its end and return the exit code, negative for a signal.

        Its streams have ended by then: where its end is not told soon, it counts as killed.
        """
        if self._code is None:
            line = read_line(self._status, ANSWER_WITHIN)
            with self._lock:
                self._code = int(line) if line else -signal.SIGKILL
        return self._code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        with self._lock:
            if self._code is None:
                os.kill(self.pid, number)


class RunForks:
    """The process that forks, started when the first run is; it ends with this one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._server: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    def start(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> ForkedRun:
        """Start a queued run as a process. Raises OSError where that is not possible."""
        order = {
            "arguments": [*arguments],
            "folder": str(folder),
            "environment": dict(environment),
        }
        payload = json.dumps(order).encode()
        with self._lock, ExitStack() as stack:
            control = self._connect()
            pipes = [os.pipe() for _ in range(4)]
            ours = [pipes[0][1], pipes[1][0], pipes[2][0], pipes[3][0]]
            theirs = [pipes[0][0], pipes[1][1], pipes[2][1], pipes[3][1]]
            modes = (("wb", -1), ("rb", -1), ("rb", -1), ("rb", 0))
            streams: list[Any] = [
                os.fdopen(descriptor, mode, buffering)
                for descriptor, (mode, buffering) in zip(ours, modes, strict=True)
            ]
            for stream in streams:
                stack.callback(stream.close)
            try:
                socket.send_fds(control, [len(payload).to_bytes(8, "big")], theirs)
                control.sendall(payload)
            except TimeoutError:
                self._end_server()
                raise
            finally:
                for descriptor in theirs:
                    os.close(descriptor)
            line = read_line(streams[3], ANSWER_WITHIN)
            if not line:  # a run that was forked all the same ends: nobody tells it what to do
                self._end_server()
                raise OSError("what forks runs has ended, or was stopped, and is started anew")
            stack.pop_all()
            return ForkedRun(int(line), *streams)

    def _end_server(self) -> None:
        if self._server is not None:
            self._server.kill()
            self._server.wait()

    def close(self) -> None:
        """End the process that forks; what it forked goes on."""
        if self._socket is not None:
            self._socket.close()
        self._end_server()

    def _connect(self) -> socket.socket:
        """Return the way to the process that forks, which is started where there is none."""
        if self._socket is not None and self._server is not None and self._server.poll() is None:
            return self._socket
        if self._socket is not None:
            self._socket.close()
        here, there = socket.socketpair()
        here.settimeout(ANSWER_WITHIN)
        with there:
            # No key is in the environment that all runs begin with: each is handed its own.
            known = {k: v for k, v in os.environ.items() if not k.startswith("HEYGEN_")}
            self._server = subprocess.Popen(  # noqa: S603 - this very program
                [*COMMAND, "runner.cli.run_forks", str(there.fileno())],
                env=known,
                pass_fds=[there.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is the worker's to answer
            )
        self._socket = here
        return here


def read_line(pipe: IO[bytes], within: float) -> bytes:
    """Return the next line of a pipe; nothing where it ends, or says nothing for so many seconds.

    Not a byte more is read: what is left would lie in a buffer, and not be waited for.
    """
    poll, line = select.poll(), b""
    poll.register(pipe, select.POLLIN)
    while not line.endswith(b"\n"):
        if not poll.poll(within * 1e3) or not (byte := os.read(pipe.fileno(), 1)):
            return b""
        line += byte
    return line


# --- the process that forks -----------------------------------------------------------------------


def main() -> None:
    """Fork for each order until the worker ends; in a process that was forked, be the run."""
    import_all()
    with socket.socket(fileno=int(sys.argv[1])) as control:
        run = fork_for_orders(control)
    if run is not None:
        sys.exit(run())


def import_all() -> None:
    """Import what a run needs, and load once what it compiles."""
    for name in IMPORTED:
        import_module(name)
    from runner.catalog.html import load_templates
    from runner.errors import UsageError
    from runner.heygen.network import find_certificates

    with suppress(UsageError):  # the run says it
        find_certificates()
    templates = load_templates()
    for name in templates.list_templates(extensions=["j2"]):
        templates.get_template(name)
    gc.freeze()


def fork_for_orders(control: socket.socket) -> Callable[[], int] | None:
    """Fork for each order. Return, in each process that was forked, what it is to do."""
    while True:
        head, descriptors, _, _ = socket.recv_fds(control, 8, 4)
        if not head:
            return None
        order = json.loads(read_exactly(control, int.from_bytes(head, "big")))
        if os.fork() == 0:
            control.close()
            return _keep(order, *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        with suppress(ChildProcessError):  # there may be none any more
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def read_exactly(control: socket.socket, count: int) -> bytes:
    """Return so many bytes of a socket. Raises EOFError where it ends before."""
    data = b""
    while len(data) < count:
        if not (piece := control.recv(count - len(data))):
            raise EOFError
        data += piece
    return data


def _keep(order: dict[str, Any], stdin: int, out: int, err: int, status: int) -> Callable[[], int]:
    """Fork the run, tell its pid and how it ended; return, in it, what it is to do."""
    pid = os.fork()
    if pid == 0:
        os.close(status)
        return _become(order, stdin, out, err)
    for descriptor in (stdin, out, err):
        os.close(descriptor)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # sent to all that a service runs: the run answers
    # A pipe that is broken: the worker has ended, and so does the run.
    with suppress(BrokenPipeError), os.fdopen(status, "w", encoding="ascii") as told:
        told.write(f"{pid}\n")
        told.flush()
        told.write(f"{_wait_for_end(pid)}\n")
        told.flush()
        _wait_for_reader(status)
    os.waitpid(pid, 0)  # or the time that it took counts nowhere as its worker's
    os._exit(0)


def _wait_for_end(pid: int) -> int:
    """Return the exit code of a run, negative for a signal. Its pid stays its own."""
    ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    if ended is None:
        raise TypeError("no WNOHANG was asked for")
    return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status


def _wait_for_reader(pipe: int) -> None:
    """Wait until whoever reads a pipe has closed it: before that it may signal the run's pid."""
    poll = select.poll()
    poll.register(pipe, 0)  # errors alone
    poll.poll()


def _become(order: dict[str, Any], stdin: int, out: int, err: int) -> Callable[[], int]:
    """Become the process of a run; return what it is to do."""
    os.setsid()
    for descriptor, stream in ((stdin, 0), (out, 1), (err, 2)):
        os.dup2(descriptor, stream)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    sys.argv = ["lookbook", *order["arguments"]]
    from runner.cli.queued_run import main as carry_out

    return carry_out


if __name__ == "__main__":
    main()

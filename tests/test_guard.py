"""The guard of the tests is tested itself: a guard that nobody tries may be open."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest


def test_a_connection_beyond_loopback_is_refused_in_this_process() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock,
        pytest.raises(RuntimeError, match="tried to connect"),
    ):
        sock.connect(("192.0.2.1", 443))


def test_a_name_is_not_looked_up() -> None:
    with pytest.raises(RuntimeError, match="tried to look up"):
        socket.getaddrinfo("api.heygen.com", 443)


def test_a_started_process_is_guarded_too(process_env: dict[str, str]) -> None:
    code = "import socket; socket.create_connection(('192.0.2.1', 443), 1)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=process_env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "a test tried to" in done.stderr


def test_home_is_a_folder_of_the_test(home: Path, process_env: dict[str, str]) -> None:
    assert Path.home() == home
    assert process_env["HOME"] == str(home)
    assert not (home / ".heygen").exists()


def test_no_key_is_left_in_the_environment(process_env: dict[str, str]) -> None:
    assert not [name for name in os.environ if name.startswith("HEYGEN_")]
    assert not [name for name in process_env if name.startswith("HEYGEN_")]

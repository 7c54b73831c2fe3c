"""Over real HTTP on loopback: connections that break, a server that ends well, files held alone."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from runner.simulator.journal import StateError
from runner.simulator.server import Embedded, serve
from runner.simulator.settings import SimulatorSettings
from tests.simulator.client import png, settings_of

KEY = {"X-Api-Key": "any"}
PROMPT = {"type": "prompt", "name": "A look", "prompt": "A navy blazer in an office"}


def client(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers=KEY, timeout=10)


@pytest.fixture
def url() -> Iterator[str]:
    with Embedded(settings_of(latency="fixed:0")) as simulator:
        yield simulator.url


@pytest.mark.parametrize("path", ["/", "/v3/users/me", "/__simulator__/stats", "/openapi.json"])
def test_it_answers_only_to_names_of_this_machine(url: str, path: str) -> None:
    port = url.rsplit(":", 1)[1]
    with client(url) as http:
        for host in (f"127.0.0.1:{port}", f"LocalHost:{port}", f"[::1]:{port}", "127.8.9.1"):
            assert http.get(path, headers={"Host": host}).status_code == 200
        for host in (f"rebound.example:{port}", "127.0.0.1.example", "10.0.0.1", "", "[::]"):
            refused = http.get(path, headers={"Host": host})
            assert refused.status_code == 421
            assert refused.json()["error"]["code"] == "misdirected_request"


def test_it_serves_a_whole_look_over_http(url: str) -> None:
    assert url.startswith("http://127.0.0.1:")
    with client(url) as http:
        asset = http.post("/v3/assets", files={"file": ("a.png", png())}).json()["data"]
        file = {"type": "asset_id", "asset_id": asset["asset_id"]}
        body = {"type": "photo", "name": "Sarah", "file": file}
        look_id = http.post("/v3/avatars", json=body).json()["data"]["avatar_item"]["id"]
        look = http.get(f"/v3/avatars/looks/{look_id}").json()["data"]
        assert look["preview_image_url"].startswith(url)
        assert httpx.get(look["preview_image_url"]).headers["Content-Type"] == "image/png"


@pytest.mark.parametrize(
    ("kind", "charges"), [("drop-request", 0), ("drop-response", 1), ("truncate", 1)]
)
def test_faults_really_break_the_connection(kind: str, charges: int) -> None:
    with Embedded(settings_of(faults=[f"{kind}:1"])) as simulator, client(simulator.url) as http:
        for _ in range(2):  # the second shows that the server itself is unharmed
            with pytest.raises(httpx.TransportError):
                http.post("/v3/avatars", json=PROMPT, headers={"Idempotency-Key": "k"})
        figures = http.get("/__simulator__/stats").json()
        assert len(figures["charges"]) == charges
        assert figures["faults"] == {kind: 2}


def test_a_truncated_answer_announces_more_than_it_brings() -> None:
    with (
        Embedded(settings_of(faults=["truncate:1"])) as simulator,
        client(simulator.url) as http,
        http.stream("GET", "/v3/users/me") as answer,
    ):
        assert int(answer.headers["Content-Length"]) > 100
        with pytest.raises(httpx.RemoteProtocolError, match="peer closed"):
            answer.read()


def test_a_body_beyond_its_limit_is_refused_without_being_read(url: str) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(64):
            yield bytes(1024 * 1024)

    with client(url) as http:
        headers = {"Content-Type": "application/json"}
        try:
            answer = http.post("/v3/avatars", content=endless(), headers=headers)
            assert answer.status_code == 413
        except httpx.WriteError:
            pass  # the server answered and hung up while we were still sending
        answer = http.post("/v3/assets/direct-uploads", content=bytes(2 << 20), headers=headers)
        assert answer.json()["error"]["code"] == "payload_too_large"


def test_many_clients_at_once_are_each_charged_once(url: str) -> None:
    failures: list[BaseException] = []

    def buy(number: int) -> None:
        try:
            with client(url) as http:
                for index in range(5):
                    headers = {"Idempotency-Key": f"{number}-{index}"}
                    for _ in range(2):
                        answer = http.post("/v3/avatars", json=PROMPT, headers=headers)
                        assert answer.status_code == 200, answer.text
        except (AssertionError, httpx.HTTPError) as error:
            failures.append(error)

    threads = [threading.Thread(target=buy, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    figures = httpx.get(f"{url}/__simulator__/stats").json()
    assert len({charge["idempotency_key"] for charge in figures["charges"]}) == 40
    assert len(figures["charges"]) == figures["replays"] == 40


def test_it_ends_even_with_connections_open() -> None:
    with Embedded(settings_of()) as simulator:
        http = client(simulator.url)
        http.get("/v3/users/me")
    http.close()
    assert not any(thread.name == "lookbook-simulator" for thread in threading.enumerate())


def test_two_live_simulators_do_not_share_a_state_file(tmp_path: Path) -> None:
    settings = settings_of(state=tmp_path / "state")
    with Embedded(settings), pytest.raises(StateError), Embedded(settings):
        raise AssertionError
    with Embedded(settings):
        pass


def test_a_port_in_use_is_an_error_of_the_operating_system(url: str) -> None:
    with pytest.raises(OSError, match=r"in use"):
        serve(SimulatorSettings(), int(url.rsplit(":", 1)[1]))


SERVE = """
import sys
from pathlib import Path
from runner.simulator.server import serve
from runner.simulator.settings import Latency, SimulatorSettings
state = Path(sys.argv[1]) if len(sys.argv) > 1 else None
settings = SimulatorSettings(pictures=False, latency=Latency.parse("fixed:30"), state=state)
serve(settings, 0, ready=lambda url: print(url, flush=True))
"""


class Process:
    """A simulator in a process of its own."""

    def __init__(self, env: dict[str, str], *arguments: str) -> None:
        root = Path(__file__).parents[2]
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVE, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=env,
            cwd=root,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()

    def end(self, number: int) -> tuple[int, str]:
        """Send a signal; what comes back is the exit code and whatever was printed."""
        os.kill(self.process.pid, number)
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out + err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_and_in_silence(process_env: dict[str, str], number: int) -> None:
    process = Process(process_env)
    with client(process.url) as http:
        assert http.get("/v3/users/me").status_code == 200
        assert process.end(number) == (0, "")


@pytest.mark.crash
def test_killing_it_loses_nothing_that_it_answered(
    process_env: dict[str, str], tmp_path: Path
) -> None:
    state = str(tmp_path / "state")
    process = Process(process_env, state)
    with client(process.url) as http:
        answers: dict[str, Any] = {}
        for index in range(8):
            headers = {"Idempotency-Key": f"k{index}"}
            answers[f"k{index}"] = http.post("/v3/avatars", json=PROMPT, headers=headers).json()
        asset = http.post("/v3/assets", files={"file": ("a.png", png())}).json()["data"]
    process.end(signal.SIGKILL)
    process = Process(process_env, state)
    with client(process.url) as http:
        for key, answer in answers.items():
            headers = {"Idempotency-Key": key}
            assert http.post("/v3/avatars", json={}, headers=headers).json() == answer
        found = http.get(f"/v3/assets/{asset['asset_id']}").json()["data"]
        assert found["size_bytes"] == len(png())
        figures = http.get("/__simulator__/stats").json()
        assert len(figures["charges"]) == 8
        assert figures["replays"] == 8
        assert figures["requests"]["POST /v3/avatars"] == 16
    process.end(signal.SIGTERM)

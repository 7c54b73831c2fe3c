"""The command on a company's network: a SOCKS proxy, a private authority, a sign-in by browser."""

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.simulator.settings import Latency, SimulatorSettings
from tests.e2e.conftest import KEY, Command
from tests.e2e.secure_way import HOST, SocksProxy, make_certificates, serve_secure

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(importlib.util.find_spec("socksio") is None, reason="needs the extra socks"),
]


@pytest.fixture
def proxy(lookbook: Command, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SocksProxy]:
    """A company's account, with all that its network needs in the command's environment."""
    files = make_certificates(tmp_path_factory.mktemp("certificates"))
    if files is None:
        pytest.skip("needs openssl")
    authority, certificate, key = files
    settings = SimulatorSettings(latency=Latency("fixed", 0.05), pictures=False)
    with (
        serve_secure(settings, certificate, key) as port,
        SocksProxy(port, "anna", "pass-word") as proxy,
    ):
        lookbook.environment |= {
            "HEYGEN_API_BASE": f"https://{HOST}",
            "HEYGEN_API_KEY": KEY,
            "HEYGEN_MAX_RETRIES": "0",
            "ALL_PROXY": proxy.url,
            "SSL_CERT_FILE": str(authority),
        }
        yield proxy


def test_everything_goes_through_the_proxy_and_trusts_the_company(
    lookbook: Command, proxy: SocksProxy
) -> None:
    done = lookbook.json("run", "spring.yaml", "--yes", "--format", "json")
    assert done["totals"]["states"] == {"fetched": 4}
    assert set(proxy.asked) == {(HOST, 443)}
    checks = json.loads(lookbook("doctor", "--format", "json", installed=True).stdout)["checks"]
    assert {one["check"]: one["status"] for one in checks}["account"] == "ok"
    assert "ALL_PROXY socks5://127.0.0.1" in checks[0]["message"]
    assert "word" not in json.dumps(checks)


def test_what_is_wrong_on_the_way_is_found_before_anything_is_sent(
    lookbook: Command, proxy: SocksProxy, tmp_path: Path
) -> None:
    authority = lookbook.environment.pop("SSL_CERT_FILE")
    told = lookbook("run", "spring.yaml", "--yes", code=1).stderr
    assert "set SSL_CERT_FILE to the file with the company's certificates" in told
    lookbook.environment |= {"SSL_CERT_FILE": authority, "ALL_PROXY": "socks5://127.0.0.1:9"}
    told = lookbook("run", "spring.yaml", "--yes", code=1).stderr
    assert "ALL_PROXY is set: is that proxy there" in told
    lookbook.environment["ALL_PROXY"] = proxy.url.replace("pass", "other")
    told = lookbook("run", "spring.yaml", "--yes", code=1).stderr
    assert "check its address and its password" in told
    assert not list(tmp_path.glob("*.lookbook/ledger.sqlite"))


def test_a_sign_in_by_browser_is_told_from_a_key(lookbook: Command) -> None:
    credentials = Path(lookbook.environment["HOME"]) / ".heygen" / "credentials"
    credentials.parent.mkdir()
    credentials.write_text(json.dumps({"oauth": {"access_token": "t", "refresh_token": "r"}}))
    told = lookbook("run", "spring.yaml", "--yes", code=3, installed=True).stderr
    assert "holds a sign-in by browser and no API key" in told
    assert "Make an API key" in told

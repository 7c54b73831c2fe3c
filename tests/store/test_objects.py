"""Addresses of stores, and a folder as one."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from runner.cli import cli
from runner.cli.context import Context
from runner.cli.redact import redact
from runner.errors import UsageError
from runner.store.port import StoreTrouble

MANIFEST = """\
version: 1
campaign: spring
base: {name: Sarah, prompt: "A woman in her 40s, warm smile, coat, studio, soft light"}
looks: {office: {prompt: "Wearing a navy blazer, modern office, morning light"}}
"""


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "spring.yaml"
    path.write_text(MANIFEST)
    return path


def test_nothing_of_a_store_is_imported_before_one_is_named() -> None:
    code = (
        "import sys, runner.cli.commands.run, runner.cli.commands.catalog, "
        "runner.cli.commands.fetch; sys.exit('obstore' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_the_extra_one_sentence_says_what_to_install(
    manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "runner.store.objects", None)
    for arguments in (["--store", "s3://studio"], []):
        context = Context(environment={"LOOKBOOK_STORE": "s3://studio"} if not arguments else {})
        done = CliRunner().invoke(cli, ["run", str(manifest), *arguments], obj=context)
        assert isinstance(done.exception, UsageError)
        assert "the extra `distributed`, which is not installed" in done.exception.message
        assert "[distributed]" in str(done.exception.hint)


def test_a_rehearsal_uses_no_store_that_the_environment_names(
    manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "runner.store.objects", None)
    context = Context(environment={"LOOKBOOK_STORE": "s3://studio"})
    done = CliRunner().invoke(cli, ["catalog", str(manifest), "--simulate"], obj=context)
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("address", ["", "  "])
def test_an_empty_address_is_an_error(address: str, manifest: Path) -> None:
    done = CliRunner().invoke(cli, ["run", str(manifest), "--store", address], obj=Context())
    assert isinstance(done.exception, UsageError)
    assert "--store names no store" in done.exception.message


class TestWithTheLibrary:
    """What needs ``obstore``."""

    @pytest.fixture(autouse=True)
    def _library(self) -> None:
        pytest.importorskip("obstore", reason="make test-distributed installs obstore")

    @pytest.mark.parametrize(
        ("address", "told"),
        [
            ("gs://studio", "is of no kind known here"),
            ("https://s3.example/studio", "is of no kind known here"),
            ("s3://", "names no bucket"),
            ("s3://Studio", "names no bucket"),
            ("s3:///folder", "names no bucket"),
            ("s3://studio/a/../b", "names no folder"),
            ("s3://studio/a//b", "names no folder"),
            ("s3://studio?x=1", "a query"),
            ("s3://key:hunter2hunter2@studio/x", "a user name or a password"),
            ("s3://[studio", "cannot be read"),
            ("/nowhere/at/all", "is not a folder that is there"),
        ],
    )
    def test_a_bad_address_is_one_clear_error_that_shows_no_password(
        self, address: str, told: str, manifest: Path
    ) -> None:
        done = CliRunner().invoke(cli, ["run", str(manifest), "--store", address], obj=Context())
        assert isinstance(done.exception, UsageError)
        assert told in done.exception.message
        assert done.exception.hint
        assert "hunter2" not in f"{done.exception.message} {done.exception.hint}"

    def test_credentials_are_redacted_from_the_moment_that_a_store_is_named(
        self, manifest: Path, tmp_path: Path
    ) -> None:
        secret = "wJalrXUtnFEMI-store-secret"
        environment = {"AWS_SECRET_ACCESS_KEY": secret, "LOOKBOOK_STORE": str(tmp_path)}
        context = Context(environment=environment)
        CliRunner().invoke(cli, ["catalog", str(manifest)], obj=context)
        assert secret not in redact(f"it was {secret} that failed")

    def test_plain_http_to_another_machine_is_refused_unless_it_is_allowed(self) -> None:
        from runner.store.objects import open_store

        there = {"AWS_ENDPOINT_URL": "http://store.example:9000"}
        with pytest.raises(UsageError, match="plain http"):
            open_store("s3://studio", there)
        open_store("s3://studio", {**there, "AWS_ALLOW_HTTP": "true"})
        open_store("s3://studio", {"AWS_ENDPOINT_URL": "http://127.0.0.1:9000"})

    def test_a_folder_holds_objects_whole_and_keeps_what_is_there(self, tmp_path: Path) -> None:
        from runner.store.objects import open_store

        store = open_store(str(tmp_path), {})
        large = b"x" * 12_000_000
        assert store.put("blobs/1", large, if_absent=True)
        assert not store.put("blobs/1", b"other", if_absent=True)
        assert store.get("blobs/1", len(large)) == large
        assert store.put("campaigns/me/spring/catalog.html", b"page")
        assert store.put("campaigns/me/spring/catalog.html", b"another page")
        assert (tmp_path / "campaigns/me/spring/catalog.html").read_bytes() == b"another page"
        assert list(store.list("campaigns/me/spring")) == ["campaigns/me/spring/catalog.html"]
        assert list(store.list("campaigns/me/autumn")) == []
        assert store.get("blobs/2", 10) is None
        with pytest.raises(StoreTrouble, match="larger than 10 bytes"):
            store.get("blobs/1", 10)

    def test_a_folder_that_cannot_be_written_is_a_trouble_in_words(self, tmp_path: Path) -> None:
        from runner.store.objects import open_store

        store = open_store(str(tmp_path), {})
        (tmp_path / "blobs").write_bytes(b"a file where a folder should be")
        with pytest.raises(StoreTrouble) as raised:
            store.put("blobs/1", b"x")
        assert "\n" not in raised.value.reason
        assert len(raised.value.reason) < 200

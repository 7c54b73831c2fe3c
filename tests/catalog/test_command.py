"""``lookbook catalog`` on a campaign that the embedded simulator really made."""

import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import jsonschema
import pytest
from PIL import Image

from runner.resources import schema
from tests.conftest import environment_of
from tests.launcher import Launcher

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

MANIFEST = """\
version: 1
campaign: tiny
base: {name: Sarah, photo: sarah.png}
matrix:
  - id: "${outfit}-${setting}"
    prompt: Wearing ${outfit}, in ${setting}, soft light
    axes:
      outfit: [blazer, linen]
      setting: [office, street]
    exclude: [{outfit: linen, setting: street}]
"""


SETTINGS = ("--sim", "latency=fixed:0.05", "--sim", "pictures=off")
Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]


@pytest.fixture(scope="module")
def lookbook(launcher: Launcher, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The command in a process without a key, and with the socket guard."""
    home = tmp_path_factory.mktemp("home")

    def start(*arguments: str) -> Done:
        process = launcher.start(*arguments, cwd=home, environment=environment_of(home))
        out, err = process.communicate(timeout=300)
        assert process.returncode is not None
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    return start


@pytest.fixture(scope="module")
def manifest(lookbook: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = written(tmp_path_factory.mktemp("campaign"))
    made = lookbook("run", str(path), "--simulate", "--yes", *SETTINGS)
    assert made.returncode == 0, made.stderr
    return path


@pytest.fixture
def run(lookbook: Run) -> Run:
    """``lookbook catalog MANIFEST --simulate``, with more options."""
    return lambda manifest, *options: lookbook("catalog", str(manifest), "--simulate", *options)


def written(folder: Path) -> Path:
    Image.new("RGB", (600, 600), "tan").save(folder / "sarah.png")
    path = folder / "tiny.yaml"
    path.write_text(MANIFEST)
    return path


def files(folder: Path, *patterns: str) -> Sequence[str]:
    return sorted(str(p.relative_to(folder)) for each in patterns for p in folder.rglob(each))


def test_the_page_is_made_again_beside_its_pictures(run: Run, manifest: Path) -> None:
    page = manifest.parent / "tiny.lookbook" / "simulated" / "catalog.html"
    page.unlink(missing_ok=True)
    made = run(manifest)
    assert made.returncode == 0
    assert page.is_file()
    assert str(page) in made.stdout


def test_a_folder_to_hand_over_holds_everything_that_was_asked_for(
    run: Run, manifest: Path, tmp_path: Path
) -> None:
    made = run(
        manifest,
        *("--out", str(tmp_path), "--pictures", "--names", "{outfit}/{setting}.png"),
        *("--contact-sheet", "png", "--contact-sheet", "png"),
    )
    assert made.returncode == 0, made.stderr
    assert files(tmp_path, "catalog.html", "contact-sheet*", "SHA256SUMS") == [
        "catalog.html",
        "contact-sheet-1.png",
        "contact-sheet-2.png",
        "pictures/SHA256SUMS",
    ]
    assert files(tmp_path / "pictures", "*.png") == [
        "base.png",
        "blazer/office.png",
        "blazer/street.png",
        "linen/office.png",
    ]
    assert len(files(tmp_path / "images", "*")) == 4


def test_a_single_file_can_be_sent(run: Run, manifest: Path, tmp_path: Path) -> None:
    assert run(manifest, "--embed", "--out", str(tmp_path)).returncode == 0
    assert files(tmp_path, "*") == ["catalog.html"]


def test_a_pdf_is_made_where_its_library_is_there(run: Run, manifest: Path, tmp_path: Path) -> None:
    assert run(manifest, "--contact-sheet", "pdf", "--out", str(tmp_path)).returncode == 0
    assert (tmp_path / "contact-sheet.pdf").read_bytes().startswith(b"%PDF")


def test_a_picture_that_cannot_be_exported_is_named_and_the_job_notices(
    run: Run, manifest: Path, tmp_path: Path
) -> None:
    (image,) = (manifest.parent / "tiny.lookbook" / "simulated" / "images").glob("linen-office.*")
    content = image.read_bytes()
    image.unlink()
    try:
        made = run(manifest, "--pictures", "--out", str(tmp_path))
    finally:
        image.write_bytes(content)
    assert made.returncode == 1
    assert "linen-office#1: The picture is not on disk." in made.stderr


def test_a_template_that_gives_one_name_twice_is_usage(
    run: Run, manifest: Path, tmp_path: Path
) -> None:
    made = run(manifest, "--pictures", "--names", "x.jpg", "--out", str(tmp_path))
    assert made.returncode == 2
    assert "the same name" in made.stderr


def test_a_program_is_told_what_was_made(run: Run, manifest: Path, tmp_path: Path) -> None:
    options = ("--pictures", "--contact-sheet", "png", "--out", str(tmp_path))
    document = json.loads(run(manifest, *options, "--format", "json").stdout)
    jsonschema.validate(document, schema("catalog"))
    assert Path(document["catalog"]) == tmp_path / "catalog.html"
    assert {Path(path).parent for path in document["contact_sheets"]} == {tmp_path}
    assert document["pictures"] == {"folder": str(tmp_path / "pictures"), "files": 4, "skipped": []}


def test_before_any_run_the_page_shows_every_prompt_and_price(run: Run, tmp_path: Path) -> None:
    manifest = written(tmp_path)
    made = run(manifest)
    assert made.returncode == 0
    assert "Nothing was run yet" in made.stdout
    folder = manifest.with_suffix(".lookbook") / "simulated"
    html = (folder / "catalog.html").read_text("utf-8")
    assert not (folder / "ledger.sqlite").exists()
    assert "<b>$4.00</b> to buy" in html
    assert '<span class="empty-prompt" dir="auto">Wearing linen, in office, soft light<' in html
    assert '<span class="price">$1.00</span>' in html


def test_a_client_s_copy_is_one_file_beside_their_sheet_and_pictures(
    run: Run, manifest: Path, tmp_path: Path
) -> None:
    options = ("--for", "client", "--pictures", "--contact-sheet", "pdf", "--out", str(tmp_path))
    document = json.loads(run(manifest, *options, "--format", "json").stdout)
    jsonschema.validate(document, schema("catalog"))
    assert Path(document["client"]).parent == tmp_path
    assert document["left_out"] == {"unfinished": 0, "rejected": 0}
    assert document["pictures"]["files"] == 4
    assert len(files(tmp_path, "*.html")) == 1
    assert (tmp_path / "client-sheet.pdf").read_bytes().startswith(b"%PDF")
    refused = run(manifest, "--show", "prompts", "--out", str(tmp_path))
    assert refused.returncode == 2
    assert "Add --for client" in refused.stderr

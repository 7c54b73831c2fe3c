"""The wheel: it carries all that it needs, and works when it is installed somewhere else."""

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from this checkout, without any network, and beside it the sdist."""
    out = tmp_path_factory.mktemp("wheel")
    build(ROOT, out)
    (built,) = out.glob("*.whl")
    return built


def build(source: Path, out: Path) -> None:
    command = ["-m", "hatchling", "build", "--directory", str(out)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    subprocess.run(
        [sys.executable, *command], cwd=source, env=environment, check=True, capture_output=True
    )


def members(sdist: Path) -> list[tuple[str, int, int]]:
    """Return what an sdist holds, to name the file that differs."""
    with tarfile.open(sdist) as archive:
        return [(one.name, one.size, one.chksum) for one in archive.getmembers()]


def test_whoever_builds_gets_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    """From a checkout or from the sdist, in whatever folder, whenever its files were written."""
    (sdist,) = wheel.parent.glob("lookbook_runner-*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "elsewhere", filter="data")
    (unpacked,) = (tmp_path / "elsewhere").iterdir()
    for one in (unpacked / "runner").rglob("*.py"):
        os.utime(one, (1, 1))
        one.chmod(0o600)

    build(unpacked, tmp_path / "second")

    assert members(tmp_path / "second" / sdist.name) == members(sdist)
    assert (tmp_path / "second" / sdist.name).read_bytes() == sdist.read_bytes()
    assert (tmp_path / "second" / wheel.name).read_bytes() == wheel.read_bytes()


def test_the_wheel_carries_schemas_templates_and_the_typing_marker(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for schema in (ROOT / "schemas").glob("*.json"):
        assert f"runner/schemas/{schema.name}" in names
    assert "runner/py.typed" in names
    assert "runner/ledger/schema.sql" in names
    assert "runner/ledger/migrations/0001_first_ledger.sql" in names
    assert any(name.startswith("runner/catalog/templates/") for name in names)
    assert not [name for name in names if name.startswith(("tests/", "bench/", "manifests/"))]


def test_the_wheel_works_where_no_checkout_is(
    wheel: Path, tmp_path: Path, process_env: dict[str, str]
) -> None:
    installed = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(installed)
    work = tmp_path / "work"
    work.mkdir()
    Image.new("RGB", (512, 512), (200, 150, 120)).save(work / "a.png")
    (work / "spring.yaml").write_text(
        "version: 1\ncampaign: spring\nbase: {name: Sarah, photo: a.png}\n"
        "looks: {office: {prompt: 'Wearing a navy blazer, an office, morning light'}}\n"
    )
    environment = {**process_env, "PYTHONPATH": f"{installed}:{process_env['PYTHONPATH']}"}

    def lookbook(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "runner", *arguments],
            cwd=work,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = [sys.executable, "-c", "import runner; print(runner.__file__)"]
    found = subprocess.run(
        where, cwd=work, env=environment, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip().startswith(str(installed))
    lookbook("validate", "spring.yaml")
    assert json.loads(lookbook("schema", "results"))["title"]
    lookbook("run", "spring.yaml", "--simulate", "--yes", "--sim", "latency=fixed:0.05")
    assert (work / "spring.lookbook" / "simulated" / "catalog.html").is_file()


DISTRIBUTED = ("psycopg", "psycopg_pool", "dbos", "obstore", "prometheus_client", "sqlalchemy")

WATCHED = """
import sys
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {names!r}:
            print("imported:", name)
sys.meta_path.insert(0, Watch())
from runner.cli import invoke
for command in ([], ["run"], ["worker"]):
    invoke([*command, "--help"])
invoke(["plan", {manifest!r}])
"""


def test_help_and_a_local_plan_import_nothing_of_the_extra_for_many_machines(
    tmp_path: Path, process_env: dict[str, str]
) -> None:
    manifest = tmp_path / "spring.yaml"
    manifest.write_text(
        "version: 1\ncampaign: spring\nbase: {name: Sarah, prompt: A woman in her forties}\n"
        "looks: {office: {prompt: 'Wearing a navy blazer, an office, morning light'}}\n"
    )
    code = WATCHED.format(names=DISTRIBUTED, manifest=str(manifest))
    environment = {**process_env, "PYTHONPATH": f"{ROOT}:{process_env['PYTHONPATH']}"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "office" in done.stdout
    assert "imported:" not in done.stdout

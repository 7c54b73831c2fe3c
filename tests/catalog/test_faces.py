"""Faces in the catalog: crops beside each other, drift, a distribution, an order and a filter."""

import json
import re
from pathlib import Path
from typing import Any

from runner import catalog
from runner.catalog.faces import FaceChart, build_face_chart
from runner.catalog.reading import build_page
from runner.results.model import LookEntry, Results
from tests.catalog import sample

FACE = {"x": 0.25, "y": 0.25, "width": 0.5, "height": 0.4}


def look(key: str, source: str | None, **likeness: Any) -> LookEntry:
    """Return a look whose face lies in the middle of its picture."""
    taken = sample.take(key, likeness=likeness, face=FACE)
    made = sample.look(key, takes=[taken], reference=source)
    return {**made, "image": taken["image"], "likeness": likeness}  # type: ignore[typeddict-item]


def campaign() -> Results:
    near: Any = {"warn": 0.5, "differs": False}
    far: Any = {"warn": 0.5, "hold": 0.6, "differs": True}
    return sample.document(
        [
            look("base", None, none="root"),
            look("near", "base", base=0.12, reference=0.12, **near),
            look("far", "near", base=0.7, reference=0.6, held=True, **far),
            look("agreed", "base", base=0.66, reference=0.66, accepted=True, **far),
            look("turned", "base", none="no_face"),
        ]
    )


def test_a_face_is_shown_beside_the_root_of_its_chain_and_its_reference() -> None:
    base, near, far, agreed, turned = build_page(campaign()).looks
    assert [[crop.label for crop in one.face.crops] for one in (near, far) if one.face] == [
        ["This look", "The base of its chain"],
        ["This look", "The base of its chain", "Its reference"],
    ]
    assert far.face is not None
    assert [crop.image for crop in far.face.crops] == [
        f"images/{k}.1.png" for k in ("far", "base", "near")
    ]
    crop = far.face.crops[0]
    assert (round(crop.left, 3), round(crop.width, 3), round(crop.height, 3)) == (0.075, 0.85, 0.68)
    assert base.face is not None
    assert not base.face.crops
    assert turned.face is not None
    assert turned.face.none == "No face was found in the picture."
    assert agreed.face is not None
    assert agreed.face.accepted


def test_the_distribution_has_every_distance_and_the_threshold() -> None:
    found = build_face_chart(build_page(campaign()).looks)
    assert isinstance(found, FaceChart)
    assert (found.compared, found.differs, found.held, found.without) == (3, 1, 1, 1)
    assert found.warn == 0.5
    told = [(bar.start, bar.count, bar.beyond) for bar in found.bars if bar.count]
    assert told == [(0.1, 1, False), (0.65, 1, True), (0.7, 1, True)]
    assert build_face_chart(build_page(sample.campaign()).looks) is None


def test_a_page_shows_faces_where_people_decide_and_not_where_none_was_measured(
    tmp_path: Path,
) -> None:
    results = campaign()
    sample.draw(tmp_path, results)
    for embed in (False, True):
        page = catalog.write_catalog(results, tmp_path, embed=embed).read_text("utf-8")
        assert (
            "3 compared with the base of their chain, 1 may differ, 1 waiting for approval" in page
        )
        assert "a hint and not a verdict" in page
        assert page.count("Face differs, 0.70") == 1
        assert "face 0.70 from the base" in page
        assert "What references it waits for approval: beyond 0.60." in page
        assert "A person approved it." in page
        index = json.loads(re.findall(r'id="index">(.*?)</script>', page, re.DOTALL)[0])
        assert [one["differs"] for one in index] == [False, False, True, False, False]
        assert [one["face"] for one in index] == [None, 0.12, 0.7, 0.66, None]
    plain = sample.campaign()
    (tmp_path / "plain").mkdir()
    page = catalog.write_catalog(plain, tmp_path / "plain").read_text("utf-8")
    assert "Least alike first" not in page
    assert "<h3>Face</h3>" not in page

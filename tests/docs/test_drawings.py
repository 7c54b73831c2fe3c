"""The drawings of the documentation are those of today's code."""

from pathlib import Path

from tests.drawings import ROWS, STATES, draw, drawings, house_arrows, lifecycle
from tests.test_house import ARROWS

IMAGES = Path(__file__).parents[2] / "docs" / "images"


def test_every_drawing_is_todays() -> None:
    for name, svg in drawings().items():
        assert (IMAGES / name).read_text("utf-8") == svg, "python -m tests.drawings docs/images"


def test_every_part_of_the_house_has_a_place_and_all_it_may_know() -> None:
    assert {name for row in ROWS for name in row if name} == set(ARROWS) - {"cli", "api"}
    leads = {(arrow.source, arrow.target) for arrow in house_arrows() if not arrow.dashed}
    for part in (name for row in ROWS for name in row if name):
        reached = {part}
        while more := {b for a, b in leads if a in reached} - reached:
            reached |= more
        assert reached - {part} == {name for name in ARROWS[part] if name in ARROWS}


def test_every_state_and_event_is_drawn() -> None:
    boxes, arrows = lifecycle()
    assert {box.name for box in boxes} == set(STATES)
    svg = draw("a < b", boxes, arrows)
    assert "a &lt; b" in svg
    assert all(f">{box.name}<" in svg for box in boxes)
    assert all(f">{arrow.label}<" in svg for arrow in arrows)
    assert {"unknown", "processing"} in [{arrow.source, arrow.target} for arrow in arrows]

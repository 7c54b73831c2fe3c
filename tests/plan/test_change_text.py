"""What changed, in a reader's words."""

import json
from typing import Any

import pytest

from runner.plan.change_text import describe_change

WAS: dict[str, Any] = {
    "type": "prompt",
    "prompt": "Wearing a navy blazer, modern office",
    "reference": {"look": "base"},
    "group": None,
    "images": ["sha256:ab"],
}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"prompt": "Wearing a red blazer, modern office"}, "prompt changed: `navy` → `red`"),
        (
            {"prompt": "Wearing a navy blazer, modern office, warm light"},
            "prompt changed: `office` → `office, warm light`",
        ),
        (
            {"prompt": "Wearing a navy wool blazer, modern office"},
            "prompt changed: `wool` added",
        ),
        ({"prompt": "Wearing a blazer, modern office"}, "prompt changed: `navy` removed"),
        ({"reference": {"look": "navy"}}, "reference changed: base → navy"),
        ({"reference": {"id": "look_1"}}, "reference changed: base → look_1"),
        ({"reference": None}, "reference changed: base → none"),
        ({"group": {"id": "group_1"}}, "group changed: none → group_1"),
        ({"images": []}, "reference images changed: 1 → 0"),
        ({"type": "photo"}, "type changed: prompt → photo"),
        (
            {"prompt": "Wearing a red blazer, modern office", "group": {"id": "g"}},
            "prompt changed: `navy` → `red`; group changed: none → g",
        ),
    ],
)
def test_a_change_is_said_in_words(change: dict[str, Any], says: str) -> None:
    assert describe_change(json.dumps(WAS), json.dumps(WAS | change)) == says


def test_a_prompt_that_changed_everywhere_is_summed_up() -> None:
    other = WAS | {"prompt": "Sitting in a red chair, old office with plants"}
    said = describe_change(json.dumps(WAS), json.dumps(other))
    assert said.startswith("prompt changed: ")
    assert len(said) < 300


def test_another_photo_and_another_existing_look_are_said() -> None:
    photos = [json.dumps({"type": "photo", "group": None, "file": file}) for file in ("a", "b")]
    assert describe_change(*photos) == "photo changed"
    ids = [json.dumps({"type": "existing", "id": look_id}) for look_id in ("look_1", "look_2")]
    assert describe_change(*ids) == "id changed: look_1 → look_2"

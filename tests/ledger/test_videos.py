"""What HeyGen says of looks in videos: kept in the ledger, told in results, written as requests."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from runner.ledger.ledger import LedgerFile
from runner.model import BASE
from runner.plan import plan
from runner.policy.lifecycle import Event
from runner.policy.look_events import events_of
from runner.replies import LookData
from runner.results.model import Results, ReviewEntry
from runner.results.videos import ASPECT_RATIOS, make_video_document, read_videos
from runner.results.writer import results_document
from runner.takes import TakeState
from runner.video_facts import VideoFacts
from tests.executor.harness import campaign, look
from tests.ledger.names import Ticking
from tests.plan.made import held, take

SCHEMAS = Path(__file__).parents[2] / "schemas"
FACTS = VideoFacts(("avatar_v", "avatar_iii"), "voice_1", "portrait", 1024, 1536)
SPRING = campaign(look("navy"), look("late"))


def results(videos: dict[str, VideoFacts] | None = None, **sizes: Any) -> Results:
    """Return results of a base and a look that are ready, and one that is not there."""
    takes = [take(SPRING, BASE, avatar_id="look_b"), take(SPRING, "navy", avatar_id="look_n")]
    snapshot = held(*(replace(one, **sizes) for one in takes))
    snapshot = replace(snapshot, videos={"look_n": FACTS} if videos is None else videos)
    return results_document(SPRING, snapshot, plan(SPRING, snapshot), None)


def check(name: str, document: Any) -> None:
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
    jsonschema.validate(json.loads(json.dumps(document)), schema)


def test_facts_are_written_and_read_back() -> None:
    assert VideoFacts.from_facts(json.loads(json.dumps(FACTS.to_facts()))) == FACTS
    assert VideoFacts().to_facts() == {}
    assert VideoFacts.from_facts({}) == VideoFacts()


def test_a_finished_look_says_it_with_its_completion() -> None:
    shown = LookData("l", "n", "photo_avatar", preview_image_url="https://x/1.png", video=FACTS)
    ((event, facts),) = events_of(TakeState.PROCESSING, shown, now=1.0)
    assert event is Event.COMPLETED
    assert facts["video"] == FACTS.to_facts()


async def test_the_ledger_keeps_it_once_by_the_look(
    ledger: LedgerFile, path: Path, ticking: Ticking
) -> None:
    existing = replace(take(SPRING, BASE, avatar_id="look_b"), uid="b", state=TakeState.PLANNED)
    await ledger.adopt(existing, FACTS)
    events = len([*ledger.store.history.events()])
    await ledger.note_videos({"look_b": VideoFacts(("avatar_iv",))})  # what is known stays
    assert len([*ledger.store.history.events()]) == events
    await ledger.note_videos({"look_c": FACTS})
    ledger.close()
    again = LedgerFile(path, now=ticking.now, entropy=ticking, inline=True)
    assert dict(again.snapshot().videos) == {"look_b": FACTS, "look_c": FACTS}
    again.close()


def test_results_tell_it_and_are_read_back() -> None:
    told = results()
    check("results", told)
    base, navy, _ = told["looks"]
    assert "supported_api_engines" not in base
    for entry in (navy, navy["takes"][0]):
        assert entry["default_voice_id"] == "voice_1"
        assert (entry["image_width"], entry["preferred_orientation"]) == (1024, "portrait")
    assert read_videos(json.loads(json.dumps(told))) == {"look_n": FACTS}
    assert read_videos(results({})) == {}


def test_each_ready_look_has_a_request_and_others_are_named() -> None:
    document = make_video_document(results(), script="Hello.")
    check("videos", document)
    base, navy = document["videos"]
    plain = {"type": "avatar", "aspect_ratio": "auto", "script": "Hello."}
    assert base["request"] == plain | {"avatar_id": "look_b", "title": "Sarah"}
    assert navy["request"] == plain | {
        "avatar_id": "look_n",
        "title": "navy",
        "voice_id": "voice_1",
        "engine": {"type": "avatar_v"},  # HeyGen's default is none of this look's engines
    }
    assert [one["look"] for one in document["left_out"]] == ["late"]
    other = make_video_document(results(), voice="mine")["videos"][1]["request"]
    assert other["voice_id"] == "mine"
    assert "script" not in other


@pytest.mark.parametrize("ratio", ASPECT_RATIOS)
def test_a_picture_of_another_shape_is_warned_about(ratio: str) -> None:
    document = make_video_document(results({}, width=1080, height=1920), ratio=ratio)
    check("videos", document)
    warned = ["crops" in "".join(video.get("warnings", ())) for video in document["videos"]]
    assert warned == [ratio not in ("auto", "9:16")] * 2


def test_what_is_not_known_is_warned_about() -> None:
    document = make_video_document(results({"look_n": VideoFacts(("new",))}), ratio="1:1")
    base, navy = (video["warnings"] for video in document["videos"])
    assert base == ["picture of unknown size, which may not be 1:1"]
    assert "HeyGen lists only engines that are not known here: new" in navy


@pytest.mark.parametrize(
    ("review", "warning"),
    [
        ({"state": "rejected", "reason": "too dark"}, ["rejected: too dark"]),
        ({"state": "rejected"}, ["rejected by a person"]),
        ({"state": "approved"}, []),
    ],
)
def test_a_look_that_a_person_rejected_is_warned_about(
    review: ReviewEntry, warning: list[str]
) -> None:
    told = results()
    told["looks"][0]["review"] = review
    base, _navy = make_video_document(told)["videos"]
    assert base.get("warnings", []) == warning

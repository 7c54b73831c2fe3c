"""Looks in videos: what results say of them, and a request body for each ready look.

The facts are those of ``POST /v3/videos`` (docs/api-facts.md#looks-in-videos). Pure.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NotRequired, TypedDict

from runner.results.model import LookEntry, Results, VideoEntry
from runner.reviews import ReviewState
from runner.video_facts import VideoFacts

ASPECT_RATIOS = ("auto", "16:9", "9:16", "4:5", "5:4", "1:1")
"""What a video request takes; ``auto`` is the picture's own."""

DEFAULT_ENGINE = "avatar_iv"
"""What HeyGen uses where a request names no engine."""

ENGINES = (DEFAULT_ENGINE, "avatar_v", "avatar_iii")
"""The engines that a request may name, in the order in which one is chosen."""

TOLERANCE = 0.02
"""How far a picture's shape may be from the wanted one, as a part of it, until that is said."""

READY = frozenset({"completed", "fetched", "stale", "changed"})
"""States of looks that a video can be made of."""


class VideoRequest(TypedDict):
    """One look's body of ``POST /v3/videos``, and what to know before it is sent."""

    look: str
    request: Mapping[str, Any]
    warnings: NotRequired[list[str]]


class VideoDocument(TypedDict):
    """What ``export --for video`` writes; ``left_out`` are looks that no video can be made of."""

    version: int
    campaign: str
    account: str | None
    videos: list[VideoRequest]
    left_out: list[Mapping[str, str]]


def add_video(entry: VideoEntry, video: VideoFacts) -> None:
    """Add to a look or a take what HeyGen says of its use in a video."""
    if video.engines:
        entry["supported_api_engines"] = video.engines
    if video.voice:
        entry["default_voice_id"] = video.voice
    if video.orientation:
        entry["preferred_orientation"] = video.orientation
    if video.width and video.height:
        entry["image_width"], entry["image_height"] = video.width, video.height


def read_videos(results: Any) -> dict[str, VideoFacts]:
    """Return what a results document says of looks in videos, by look id.

    The document was checked against its schema; one of an older version says nothing.
    """
    takes = (t for name in ("looks", "orphans") for e in results[name] for t in e["takes"])
    found = {take["avatar_id"]: VideoFacts.from_facts(take) for take in takes if take["avatar_id"]}
    return {look_id: video for look_id, video in found.items() if video != VideoFacts()}


def make_video_document(
    results: Results, *, ratio: str = "auto", script: str | None = None, voice: str | None = None
) -> VideoDocument:
    """Return a request body for each ready look; a look's own voice gives way to ``voice``."""
    document: VideoDocument = {
        "version": 1,
        "campaign": results["campaign"],
        "account": results["account"],
        "videos": [],
        "left_out": [],
    }
    for look in results["looks"]:
        if look["state"] not in READY or look["avatar_id"] is None:
            why = look.get("reason") or f"its state is {look['state']}"
            document["left_out"].append({"look": look["look"], "reason": why})
            continue
        request: dict[str, Any] = {"type": "avatar", "avatar_id": look["avatar_id"]}
        request |= {"title": look["title"], "aspect_ratio": ratio}
        if script is not None:
            request["script"] = script
        if chosen := voice or look.get("default_voice_id"):
            request["voice_id"] = chosen
        engines = look.get("supported_api_engines", ())
        if engines and DEFAULT_ENGINE not in engines:
            usable = [engine for engine in ENGINES if engine in engines]
            if usable:
                request["engine"] = {"type": usable[0]}
        entry: VideoRequest = {"look": look["look"], "request": request}
        if warnings := list(_warn(look, ratio)):
            entry["warnings"] = warnings
        document["videos"].append(entry)
    return document


def _warn(look: LookEntry, ratio: str) -> Iterator[str]:
    width = look["width"] or look.get("image_width")
    height = look["height"] or look.get("image_height")
    if ratio != "auto":
        across, down = map(int, ratio.split(":"))
        if width is None or height is None:
            yield f"picture of unknown size, which may not be {ratio}"
        elif abs(width * down / (height * across) - 1) > TOLERANCE:
            yield (
                f"picture of {width} x {height}, not {ratio}: HeyGen crops it or fills up the frame"
            )
    engines = look.get("supported_api_engines", ())
    if engines and not set(engines) & set(ENGINES):
        yield f"HeyGen lists only engines that are not known here: {', '.join(engines)}"
    review = look.get("review")
    if review is not None and review["state"] == ReviewState.REJECTED:
        yield f"rejected: {review['reason']}" if "reason" in review else "rejected by a person"
    if look["state"] in ("stale", "changed"):
        yield f"not up to date: {look.get('reason', look['state'])}"

"""What a look shows of its use in a video: a frozen value, as events and results spell it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """Engines, voice, orientation and size in pixels, as HeyGen says them (docs/api-facts.md).

    None, or an empty tuple, where HeyGen says nothing.
    """

    engines: tuple[str, ...] = ()
    voice: str | None = None
    orientation: str | None = None
    width: int | None = None
    height: int | None = None

    def to_facts(self) -> dict[str, Any]:
        """Return it as JSON values, without what is not known; empty where nothing is."""
        facts = {
            "supported_api_engines": list(self.engines),
            "default_voice_id": self.voice,
            "preferred_orientation": self.orientation,
            "image_width": self.width,
            "image_height": self.height,
        }
        return {name: value for name, value in facts.items() if value}

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Self:
        """Read what ``to_facts`` wrote."""
        return cls(
            tuple(facts.get("supported_api_engines", ())),
            facts.get("default_voice_id"),
            facts.get("preferred_orientation"),
            facts.get("image_width"),
            facts.get("image_height"),
        )

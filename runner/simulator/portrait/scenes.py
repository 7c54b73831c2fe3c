"""What a prompt asks to be drawn around a face: outfit, setting, light, expression, crop."""

import json
import re
import zlib
from dataclasses import dataclass, fields
from typing import Literal

from runner.simulator.portrait import words
from runner.simulator.portrait.people import COLOUR

Format = Literal["portrait", "landscape", "square"]

SIZES: dict[Format, tuple[int, int]] = {
    "portrait": (768, 1024),
    "landscape": (1024, 768),
    "square": (896, 896),
}
"""Pixels of a picture of each format."""

PLANTS = "plants|plant|plant-filled|potted|greenery|flowers|leafy|ferns|foliage"

OUTFIT_COLOURS = (
    "#24365c",
    "#1f7a7c",
    "#6d2436",
    "#b98d5c",
    "#566270",
    "#98ab8b",
    "#c9808a",
    "#cf9d33",
    "#5f3557",
)
USUAL: dict[str, str] = {
    "labcoat": "#f2f1ee",
    "trench": "#c4a478",
    "leather": "#33302f",
    "shirt": "#a9c6de",
    "shirt-tie": "#eceef1",
    "overalls": "#4a6a94",
    "blouse": "#ede0c8",
    "suit": "#3b4048",
    "gown": "#672530",
}
"""The colour a garment has when nobody names one."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything in a picture but the face; colours are ``#rrggbb``, empty where nothing was said.

    ``accent`` is the second colour that was named for the outfit, ``tint`` what reference images
    add, ``variety`` a number that varies details without a meaning of their own.
    """

    garment: str = ""
    colour: str = ""
    accent: str = ""
    setting: str = ""
    light: str = ""
    weather: str = ""
    expression: str = ""
    pose: str = ""
    format: Format = "portrait"
    plants: bool = False
    tint: str = ""
    variety: int = 0

    def encode(self) -> str:
        """Return the scene as one short line of JSON; what is empty is left out."""
        said = {name: value for name in PARTS if (value := getattr(self, name))}
        return json.dumps(said, separators=(",", ":"))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return SIZES[self.format]


PARTS = tuple(field.name for field in fields(Scene))
TYPES = {field.name: type(field.default) for field in fields(Scene)}
CHOICES: dict[str, frozenset[str]] = {
    "garment": frozenset(words.GARMENTS.entries),
    "setting": frozenset(words.SETTINGS.entries),
    "light": frozenset(words.LIGHTS.entries),
    "weather": frozenset(words.WEATHER.entries),
    "expression": frozenset(words.EXPRESSIONS.entries),
    "pose": frozenset({*words.POSES.entries, "photo"}),
    "format": frozenset(SIZES),
}


def decode_scene(text: str) -> Scene:
    """Return the scene that :meth:`Scene.encode` wrote; ValueError for anything else.

    What a picture carries may come from anywhere, so every part is checked.
    """
    values = json.loads(text)
    if not isinstance(values, dict) or any(type(v) is not TYPES.get(k) for k, v in values.items()):
        raise ValueError("not a scene")
    for name, value in values.items():
        if isinstance(value, str) and not (
            value in CHOICES[name] if name in CHOICES else COLOUR.fullmatch(value)
        ):
            raise ValueError(f"not a scene: {name}")
    return Scene(**values)


def read_scene(prompt: str, *, before: Scene | None = None, tint: str = "") -> Scene:
    """Return the scene that a prompt describes.

    ``before`` is the scene of the referenced look, whose outfit and setting stay as far as the
    prompt does not speak of them, as an image reference does it. ``tint`` is the colour of
    reference images.
    """
    text = re.sub(r"\s+", " ", prompt.lower())
    before = before or Scene()
    worn = _worn(text)
    around = words.without(text, words.GARMENTS.every)  # a lab coat is no laboratory
    setting = words.SETTINGS.find(around)
    kept = worn is None or worn.entry == before.garment
    colours = _outfit_colours(text, worn) if worn else []
    moved = setting not in ("", before.setting)
    return Scene(
        garment=worn.entry if worn else before.garment,
        colour=colours[0] if colours else before.colour if kept else "",
        accent=colours[1] if len(colours) > 1 else before.accent if kept and not colours else "",
        setting=setting or before.setting,
        light=words.LIGHTS.find(around) or ("" if moved else before.light),
        weather=words.WEATHER.find(text),
        expression=words.EXPRESSIONS.strongest(text),
        pose=words.POSES.find(text),
        format=_format(text),
        plants=words.mentions(text, PLANTS),
        tint=tint or before.tint,
        variety=zlib.crc32(text.encode(errors="replace")) & 0xFFFF,
    )


def _worn(text: str) -> words.Named | None:
    """Return the outermost garment: the one named first, unless it is worn under the next."""
    named = words.GARMENTS.all(text)
    if len(named) > 1 and " under " in text[named[0].end : named[1].start]:
        return named[1]
    return named[0] if named else None


def _format(text: str) -> Format:
    named = words.FORMATS.find(text)
    return "landscape" if named == "landscape" else "square" if named == "square" else "portrait"


_SECOND = re.compile(r"[\w\s'-]{0,30}? (?:over|with|and) (?:an? |the )?([\w-]+)")


def _outfit_colours(text: str, worn: words.Named) -> list[str]:
    """Return the outfit's colours: of its own phrase, or named shortly before it, nearest first.

    A second one may follow: what the garment is worn over or with.
    """
    clause = text[max(0, worn.start - 48) : worn.start]
    clause = re.split(r"[,.;:]| in a | with | hair", clause)[-1]
    found = [*words.colours(worn.phrase), *words.colours(clause)[::-1]]
    after = _SECOND.match(text, worn.end)
    if found and after and after[1] in words.COLOURS:
        found.insert(1, words.COLOURS[after[1]])
    return found[:2]

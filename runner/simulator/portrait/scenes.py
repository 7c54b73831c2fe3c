"""What a prompt asks to be drawn around a face: outfit, setting, light, expression, crop."""

import json
import re
import zlib
from dataclasses import dataclass, fields
from typing import Literal

from runner.simulator.portrait import words

Format = Literal["portrait", "landscape", "square"]

SIZES: dict[Format, tuple[int, int]] = {
    "portrait": (768, 1024),
    "landscape": (1024, 768),
    "square": (896, 896),
}
"""Pixels of a picture of each format."""

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
COLOUR = re.compile(r"#[0-9a-f]{6}")


def decode(text: str) -> Scene:
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


def read(prompt: str, *, before: Scene | None = None, tint: str = "") -> Scene:
    """Return the scene that a prompt describes.

    ``before`` is the scene of the referenced look, whose outfit and setting stay as far as the
    prompt does not speak of them, as an image reference does it. ``tint`` is the colour of
    reference images.
    """
    text = re.sub(r"\s+", " ", prompt.lower())
    before = before or Scene()
    garment = words.GARMENTS.find(text)
    around = _without_garments(text)
    setting = words.SETTINGS.find(around)
    light = words.LIGHTS.find(around)
    kept = garment is None or garment[0] == before.garment
    colours = _outfit_colours(text, garment[1] if garment else None)
    return Scene(
        garment=garment[0] if garment else before.garment,
        colour=colours[0] if colours else before.colour if kept else "",
        accent=colours[1] if len(colours) > 1 else before.accent if kept and not colours else "",
        setting=setting[0] if setting else before.setting,
        light=light[0]
        if light
        else ""
        if setting and setting[0] != before.setting
        else before.light,
        weather=words.WEATHER.name(text),
        expression=words.EXPRESSIONS.name(text),
        pose=words.POSES.name(text),
        format=_format(text),
        plants=words.mentions(
            text, "plants|plant|plant-filled|greenery|flowers|leafy|ferns|foliage"
        ),
        tint=tint or before.tint,
        variety=zlib.crc32(text.encode(errors="replace")) & 0xFFFF,
    )


def _without_garments(text: str) -> str:
    """Take out what names a garment: a lab coat is no laboratory, an evening gown no evening."""
    return words.without(text, words.GARMENTS.every)


def _format(text: str) -> Format:
    found = words.FORMATS.find(text)
    if found is None:
        return "portrait"
    return "landscape" if found[0] == "landscape" else "square"


_SECOND = re.compile(r"[\w\s'-]{0,30}? (?:over|with|and) (?:an? |the )?([\w-]+)")


def _outfit_colours(text: str, garment_at: int | None) -> list[str]:
    """Colours named for the outfit: those shortly before the garment's word, the nearest first."""
    if garment_at is None:
        return []
    clause = text[max(0, garment_at - 48) : garment_at]
    clause = re.split(r"[,.;:]| in a | with | hair", clause)[-1]
    nearest = words.colours(clause)[::-1]
    after = _SECOND.match(text, garment_at)
    if nearest and after and after[1] in words.COLOURS:
        nearest.append(words.COLOURS[after[1]])
    return nearest[:2]

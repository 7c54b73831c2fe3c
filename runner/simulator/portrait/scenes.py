"""What a prompt asks to be drawn around a face: outfit, setting, light, expression, crop."""

import json
import re
import zlib
from dataclasses import asdict, dataclass, fields
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
        return json.dumps({k: v for k, v in asdict(self).items() if v}, separators=(",", ":"))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return SIZES[self.format]


CHOICES: dict[str, frozenset[str]] = {
    "garment": frozenset(words.GARMENTS),
    "setting": frozenset(words.SETTINGS),
    "light": frozenset(words.LIGHTS),
    "weather": frozenset(words.WEATHER),
    "expression": frozenset(words.EXPRESSIONS),
    "pose": frozenset({*words.POSES, "photo"}),
    "format": frozenset(SIZES),
}
COLOUR = re.compile(r"#[0-9a-f]{6}")


def decode(text: str) -> Scene:
    """Return the scene that :meth:`Scene.encode` wrote; ValueError for anything else.

    What a picture carries may come from anywhere, so every part is checked.
    """
    values = json.loads(text)
    types = {field.name: type(field.default) for field in fields(Scene)}
    if not isinstance(values, dict) or any(type(v) is not types.get(k) for k, v in values.items()):
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
    garment = words.find(text, words.GARMENTS)
    around = _without_garments(text)
    setting = words.find(around, words.SETTINGS)
    light = words.find(around, words.LIGHTS)
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
        weather=found[0] if (found := words.find(text, words.WEATHER)) else "",
        expression=found[0] if (found := words.find(text, words.EXPRESSIONS)) else "",
        pose=found[0] if (found := words.find(text, words.POSES)) else "",
        format=_format(text),
        plants=words.mentions(
            text, "plants|plant|plant-filled|greenery|flowers|leafy|ferns|foliage"
        ),
        tint=tint or before.tint,
        variety=zlib.crc32(text.encode(errors="replace")) & 0xFFFF,
    )


def _without_garments(text: str) -> str:
    """Take out what names a garment: a lab coat is no laboratory, an evening gown no evening."""
    for alternatives in words.GARMENTS.values():
        text = words.without(text, alternatives)
    return text


def _format(text: str) -> Format:
    found = words.find(text, words.FORMATS)
    if found is None:
        return "portrait"
    return "landscape" if found[0] == "landscape" else "square"


def _outfit_colours(text: str, garment_at: int | None) -> list[str]:
    """Colours named for the outfit: those shortly before the garment's word, the nearest first."""
    if garment_at is None:
        return []
    clause = text[max(0, garment_at - 48) : garment_at]
    clause = re.split(r"[,.;:]| in a | with | hair", clause)[-1]
    places: dict[int, tuple[int, str]] = {}
    for name, colour in words.COLOURS.items():
        for match in re.finditer(rf"(?<![\w-]){re.escape(name)}(?!\w)", clause):
            length, _ = places.get(match.end(), (0, ""))
            if len(name) > length:
                places[match.end()] = (len(name), colour)
    nearest = [places[end][1] for end in sorted(places, reverse=True)]
    after = re.match(r"[\w\s'-]{0,30}? (?:over|with|and) (?:an? |the )?([\w-]+)", text[garment_at:])
    if nearest and after and after[1] in words.COLOURS:
        nearest.append(words.COLOURS[after[1]])
    return nearest[:2]

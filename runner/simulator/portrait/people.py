"""Who a picture shows: the lasting traits of one face, and where they come from.

A face is born from chance and from what a prompt says about the person, and is then carried from
look to look unchanged.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from random import Random

from runner.simulator.portrait import words

SKIN_TONES = {
    "fair": ("#f5d9c4", "#f1cfb4", "#edc6a6"),
    "light": ("#efcba8", "#ecc29b", "#e6b88e"),
    "tan": ("#dcab7c", "#cf9a69", "#c58f60"),
    "brown": ("#b47d52", "#a56e46", "#95623e"),
    "deep": ("#7f5138", "#6b432f", "#573627"),
}
SHAPES = ("oval", "round", "heart", "square", "long")
EYE_COLOURS = ("#4a3021", "#3a2a20", "#5c7a52", "#4f7596", "#76664a", "#5b6f7d")
EYES = ("round", "almond", "hooded", "wide")
BROWS = ("soft", "straight", "arched", "thick")
NOSES = ("button", "straight", "broad", "long")
MOUTHS = ("full", "thin", "wide", "bow")
WOMEN_STYLES = (
    "long",
    "wavy",
    "bob",
    "curly",
    "bun",
    "ponytail",
    "pixie",
    "afro",
    "braids",
    "fringe",
    "side",
)
MEN_STYLES = (
    "crop",
    "quiff",
    "curly-short",
    "side-short",
    "wavy-short",
    "afro-short",
    "bald",
    "receding",
)
GLASSES = ("none", "none", "none", "none", "round", "square")
EARRINGS = ("none", "stud", "hoop", "drop")
SHORT = {
    "curly": "curly-short",
    "wavy": "wavy-short",
    "afro": "afro-short",
    "pixie": "crop",
    "bob": "side-short",
}
NATURAL = ("black", "dark brown", "brown", "chestnut", "auburn", "ginger", "dark blonde", "blonde")


@dataclass(frozen=True, slots=True)
class Face:
    """The traits that stay with a person whatever they wear; colours are ``#rrggbb``."""

    woman: bool
    age: int
    skin: str
    hair: str
    style: str
    shape: str
    eye_colour: str
    eyes: str
    brows: str
    nose: str
    mouth: str
    beard: str
    glasses: str
    earrings: str
    freckles: bool
    mole: int
    width: float

    @property
    def gender(self) -> str:
        """The API's word."""
        return "female" if self.woman else "male"

    def encode(self) -> str:
        """Return the face as one short line of JSON."""
        return json.dumps({name: getattr(self, name) for name in TRAITS}, separators=(",", ":"))


TRAITS = tuple(field.name for field in fields(Face))
CHOICES: dict[str, frozenset[str]] = {
    "style": frozenset({*WOMEN_STYLES, *MEN_STYLES, *words.HAIR_STYLES.entries}),
    "shape": frozenset(SHAPES),
    "eyes": frozenset(EYES),
    "brows": frozenset(BROWS),
    "nose": frozenset(NOSES),
    "mouth": frozenset(MOUTHS),
    "beard": frozenset(words.BEARDS.entries),
    "glasses": frozenset(GLASSES),
    "earrings": frozenset(EARRINGS),
}
COLOUR = re.compile(r"#[0-9a-f]{6}")


@lru_cache(maxsize=1024)
def decode_face(text: str) -> Face:
    """Return the face that :meth:`Face.encode` wrote; ValueError for anything else.

    What a picture carries may come from anywhere, so every trait is checked.
    """
    values = json.loads(text)
    if not isinstance(values, dict) or set(values) != set(TRAITS):
        raise ValueError("not a face")
    for field in fields(Face):
        value = values[field.name]
        if type(value) is not field.type:
            raise ValueError(f"not a face: {field.name}")
        if isinstance(value, str) and not _known(field.name, value):
            raise ValueError(f"not a face: {field.name}")
    face = Face(**values)
    if not (0 < face.age < 120 and 0.8 <= face.width <= 1.2 and face.mole in (0, 1, 2)):
        raise ValueError("not a face: a measure")
    return face


def _known(name: str, value: str) -> bool:
    return value in CHOICES[name] if name in CHOICES else COLOUR.fullmatch(value) is not None


def invent_face(
    chance: bytes, text: str = "", *, skin: str | None = None, hair: str | None = None
) -> Face:
    """Return a new face: what the text says about the person, and chance (any bytes) for the rest.

    ``skin`` and ``hair`` are colours that somebody saw in a photo; they win over chance.
    """
    random = Random(chance)  # noqa: S311 - a drawing, not a secret
    text = text.lower()
    woman = _is_woman(text, random)
    age = int(words.AGES.find(text) or random.choice((26, 30, 34, 41, 48)))
    family = words.SKINS.find(text) or random.choice(tuple(SKIN_TONES))
    face = Face(
        woman=woman,
        age=age,
        skin=skin or random.choice(SKIN_TONES[family]),
        hair=hair or _hair_colour(text, family, age, random),
        style=_hair_style(text, random, woman=woman),
        shape=random.choice(SHAPES),
        eye_colour=random.choice(
            EYE_COLOURS if family in ("fair", "light", "tan") else EYE_COLOURS[:2]
        ),
        eyes=random.choice(EYES),
        brows=random.choice(BROWS),
        nose=random.choice(NOSES),
        mouth=random.choice(MOUTHS),
        beard=_beard(text, random, woman=woman),
        glasses=random.choice(GLASSES),
        earrings=random.choice(EARRINGS) if woman else "none",
        freckles=family == "fair" and random.random() < 0.4,
        mole=random.choice((0, 0, 0, 1, 2)),
        width=round(random.uniform(0.95, 1.05), 3),
    )
    if words.mentions(text, "glasses|spectacles|eyeglasses|bespectacled"):
        face = replace(face, glasses=random.choice(("round", "square")))
    if words.mentions(text, "freckles|freckled"):
        face = replace(face, freckles=True)
    return face


def choose_distinct(candidates: Sequence[Face], others: Sequence[Face]) -> Face:
    """Choose the candidate that is told apart most easily from the others."""
    return max(
        candidates,
        key=lambda face: min((_measure_difference(face, other) for other in others), default=0),
    )


def _measure_difference(one: Face, other: Face) -> float:
    """Return how easily two faces are told apart, mostly by what is seen from afar."""
    return (
        2.0 * _distance(one.hair, other.hair)
        + 1.6 * _distance(one.skin, other.skin)
        + 0.5 * (one.style != other.style)
        + 0.3 * (_find_silhouette(one.style) != _find_silhouette(other.style))
        + 0.3 * (one.glasses != other.glasses)
        + 0.3 * (one.beard != other.beard)
        + 0.2 * (one.shape != other.shape)
        + 0.8 * (one.woman != other.woman)
    )


def _distance(one: str, other: str) -> float:
    pairs = ((int(one[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5))
    return sum(abs(a - b) for a, b in pairs) / 765


def _find_silhouette(style: str) -> str:
    """Sort hair styles by their silhouette."""
    if style in ("long", "wavy", "side", "fringe", "braids"):
        return "long"
    if style in ("afro", "curly"):
        return "wide"
    return "hijab" if style == "hijab" else "short"


def _is_woman(text: str, random: Random) -> bool:
    chance = random.random() < 0.5
    for women, men in ((words.WOMAN, words.MAN), (words.WOMENS_WEAR, words.MENS_WEAR)):
        woman, man = words.mentions(text, women), words.mentions(text, men)
        if woman != man:
            return woman
    return chance


def _hair_colour(text: str, family: str, age: int, random: Random) -> str:
    named = words.hair_colour(text)
    if named is not None:
        return named
    chance = random.random()
    if age >= 62 or (age >= 50 and chance < 0.5):
        return words.HAIR_COLOURS[random.choice(("grey", "silver", "white", "salt and pepper"))]
    natural = (
        NATURAL if family == "fair" else NATURAL[:4] if family in ("light", "tan") else NATURAL[:2]
    )
    return words.HAIR_COLOURS[random.choice(natural)]


def _hair_style(text: str, random: Random, *, woman: bool) -> str:
    chance = random.choice(WOMEN_STYLES if woman else MEN_STYLES)
    cut = random.choice(("bob", "pixie") if woman else ("crop", "side-short", "quiff"))
    named = words.HAIR_STYLES.find(text)
    if named:
        return named if woman else SHORT.get(named, named)
    length = words.hair_length(text)
    return cut if length == "short" else (length or chance)


def _beard(text: str, random: Random, *, woman: bool) -> str:
    chance = random.choice(("none", "none", "stubble", "full", "moustache", "goatee"))
    named = words.BEARDS.find(text)
    if named:
        return named
    return "none" if woman else chance

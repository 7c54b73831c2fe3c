"""Pictures of looks: who and what they show, and the bytes, drawn on demand and cached."""

import struct
import zlib
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from sys import intern
from typing import TYPE_CHECKING

from runner.simulator.portrait import carried, people, scenes

if TYPE_CHECKING:
    from runner.simulator.portrait.study import Tones

CACHE_BYTES = 48 * 1024 * 1024
TINTS = ("#c9714f", "#5f8a86", "#8f7fb0", "#cf9d33", "#6d8f62", "#b0607a", "#4f7596", "#a98a63")
"""What a reference image that nobody has looked at does to a palette."""

PLAIN_SIZE = (6, 8)
"""Pixels of the tiny image that is served with pictures off."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read in an image: the person on it, its scene, and its colour."""

    face: str
    scene: str = ""
    tint: str = ""


class Pictures:
    """Makes the portrait module's notes for looks, and their images."""

    def __init__(self, *, drawn: bool) -> None:
        self.drawn = drawn
        self._cache: OrderedDict[str, bytes] = OrderedDict()
        self._cached = 0

    def new_face(self, chances: Sequence[bytes], prompt: str, known: Iterable[str]) -> str:
        """Return a person nobody has seen before, as far as the prompt describes one.

        Of several chances the one is taken that is least like the faces that are known.
        """
        candidates = [people.invent_face(chance, prompt) for chance in chances]
        return intern(
            people.choose_distinct(
                candidates, [people.decode_face(face) for face in known]
            ).encode()
        )

    def drifted_face(self, chances: Sequence[bytes], face: str) -> str:
        """Return somebody else of the same sex: what a generation shows that lost its reference."""
        before = people.decode_face(face)
        candidates = [
            people.invent_face(chance, "woman" if before.woman else "man") for chance in chances
        ]
        return intern(people.choose_distinct(candidates, [before]).encode())

    async def study(self, content: bytes) -> Seen:
        """Return whom an image shows: the person written into it, or one that its bytes decide.

        With pictures on, skin, hair and colour are taken from the pixels, in a worker thread.
        """
        digest = sha256(content).digest()
        palette = carried.read_palette(content)
        tint = palette or _tint(digest)
        known = carried.read_carried(content)
        if known is not None:
            return Seen(intern(known[0].encode()), known[1].encode(), tint)
        if not self.drawn:
            return Seen(intern(people.invent_face(digest).encode()), "", tint)
        from anyio.to_thread import run_sync

        tones = await run_sync(_study_tones, content)
        if tones is None:
            return Seen(intern(people.invent_face(digest).encode()), "", tint)
        face = people.invent_face(digest, skin=tones.skin, hair=tones.hair)
        return Seen(intern(face.encode()), "", palette or tones.tint)

    def seen_at(self, url: str) -> Seen:
        """Return the person in an image that is known by its address only."""
        digest = sha256(url.encode(errors="replace")).digest()
        return Seen(intern(people.invent_face(digest).encode()), "", _tint(digest))

    def scene(self, prompt: str, before: str, tints: list[str]) -> str:
        """Return what a prompt asks for, over the scene of the look it references."""
        earlier = scenes.decode_scene(before) if before else None
        return scenes.read_scene(prompt, before=earlier, tint=tints[0] if tints else "").encode()

    def size(self, scene: str) -> tuple[int, int]:
        """Width and height of the image of a scene."""
        return _size(scene) if self.drawn else PLAIN_SIZE

    def cached(self, face: str, scene: str) -> bytes | None:
        """Return the image, if it needs no drawing any more."""
        if not self.drawn:
            return draw_plain(face + scene)
        picture = self._cache.get(face + scene)
        if picture is not None:
            self._cache.move_to_end(face + scene)
        return picture

    def keep(self, face: str, scene: str, picture: bytes) -> None:
        """Remember a drawn image; the least recently wanted ones make room."""
        if face + scene not in self._cache:
            self._cache[face + scene] = picture
            self._cached += len(picture)
        while self._cached > CACHE_BYTES:
            _, dropped = self._cache.popitem(last=False)
            self._cached -= len(dropped)

    @property
    def media_type(self) -> str:
        """Return the media type of every image this simulator serves."""
        return "image/jpeg" if self.drawn else "image/png"


def _study_tones(content: bytes) -> "Tones | None":
    from runner.simulator.portrait.study import study_tones

    return study_tones(content)


def draw_look(face: str, scene: str) -> bytes:
    """Return a JPEG; takes tens of milliseconds and is meant for a worker thread."""
    from runner.simulator.portrait import draw as portrait

    return portrait.jpeg(people.decode_face(face), scenes.decode_scene(scene))


def draw_plain(text: str) -> bytes:
    """Return a tiny PNG of one colour, which depends on the text."""
    colour = sha256(text.encode()).digest()[:3]
    width, height = PLAIN_SIZE
    rows = (b"\0" + colour * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


@lru_cache(maxsize=256)
def _size(scene: str) -> tuple[int, int]:
    return scenes.decode_scene(scene).size


def _tint(digest: bytes) -> str:
    return TINTS[digest[3] % len(TINTS)]

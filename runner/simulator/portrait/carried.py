"""What a drawn picture carries in its file: whom it shows, so that it comes back as the same."""

import json

from runner.simulator.portrait.people import COLOUR, Face, decode_face
from runner.simulator.portrait.scenes import Scene, decode_scene

FIELD = "lookbook-identity"
"""The PNG text key under which a drawn picture carries its face and scene."""

PALETTE = "lookbook-palette"
"""The PNG text key under which a drawn mood card carries its colour."""


def read_carried(content: bytes) -> tuple[Face, Scene] | None:
    """Return the face and scene in a PNG's text or a JPEG's comment, or None."""
    written = find_png_text(content, FIELD) or find_jpeg_comment(content)
    try:
        values = json.loads(written or "")
        return decode_face(values["face"]), decode_scene(values["scene"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def read_palette(content: bytes) -> str | None:
    """Return the colour that a mood card carries, or None."""
    colour = find_png_text(content, PALETTE)
    return colour if colour is not None and COLOUR.fullmatch(colour) else None


def write_note(face: Face, scene: Scene) -> str:
    """Return what ``read_carried`` reads again."""
    return json.dumps({"face": face.encode(), "scene": scene.encode()}, separators=(",", ":"))


def find_png_text(content: bytes, key: str) -> str | None:
    """Return the value of a PNG's ``tEXt`` chunk, looked for before the pixels begin."""
    place = 8 if content.startswith(b"\x89PNG") else len(content)
    while place + 12 <= len(content):
        length, kind = int.from_bytes(content[place : place + 4]), content[place + 4 : place + 8]
        if kind in (b"IDAT", b"IEND"):
            return None
        name, _, value = content[place + 8 : place + 8 + length].partition(b"\0")
        if kind == b"tEXt" and name.decode("latin-1") == key:
            return value.decode("latin-1")
        place += 12 + length
    return None


def find_jpeg_comment(content: bytes) -> str | None:
    """Return the comment of a JPEG, looked for before the pixels begin."""
    place = 2 if content.startswith(b"\xff\xd8") else len(content)
    while place + 4 <= len(content) and content[place] == 0xFF and content[place + 1] != 0xDA:
        length = int.from_bytes(content[place + 2 : place + 4])
        if content[place + 1] == 0xFE:
            return content[place + 4 : place + 2 + length].decode("latin-1")
        place += 2 + length
    return None

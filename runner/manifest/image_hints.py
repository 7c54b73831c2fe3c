"""What a picture that can be used may still do wrong: on its side, see-through, with an address."""

from typing import Any

from runner.image_files import OpenedImage
from runner.manifest.url_hints import Doubt

MAX_ASPECT_RATIO = 2.5
"""Long side by short side; a phone's screen has 2.2."""

_ORIENTATION, _GPS = 0x0112, 0x8825  # tags of EXIF
_ORIENTATIONS = {2: "mirrored", 3: "upside down", 4: "upside down and mirrored"}
_PNG_DEPTH_AT = 24

_EXPORT = "Open it in an image editor and export it as"


def doubts_about_picture(opened: OpenedImage, content: bytes, name: str) -> list[Doubt]:
    """Return what may be wrong with an opened picture, before it is decoded."""
    picture = opened.image
    found = [
        _doubt_orientation(picture, name),
        _doubt_location(picture, name),
        _colours(picture, content, name),
        _shape(opened.width, opened.height, name),
    ]
    if picture.format == "PNG" and getattr(picture, "n_frames", 1) > 1:
        message = f"{name} is animated; a look is one picture"
        found.append(Doubt("image-animated", message, "Export the frame that you mean."))
    return [doubt for doubt in found if doubt is not None]


def doubt_about_alpha(picture: Any, name: str) -> Doubt | None:
    """Return the doubt about a loaded picture that lets something shine through."""
    if "A" in picture.getbands():
        clear = picture.getchannel("A").getextrema()[0] < 255
    else:
        clear = "transparency" in picture.info
    if not clear:
        return None
    message = f"{name} is transparent in places; what shows there is not for you to choose"
    return Doubt("image-transparent", message, f"{_EXPORT} JPEG, or with a background of your own.")


def _doubt_orientation(picture: Any, name: str) -> Doubt | None:
    turned = _exif(picture).get(_ORIENTATION)
    if not isinstance(turned, int) or not 2 <= turned <= 8:
        return None
    how = _ORIENTATIONS.get(turned, "on its side")
    message = f"{name} is stored {how}, with a note (EXIF) to turn it; not every reader does"
    hint = "Turn it in an image editor and save it, so that it stands upright without the note."
    return Doubt("image-rotated", message, hint)


def _doubt_location(picture: Any, name: str) -> Doubt | None:
    try:
        where = _exif(picture).get_ifd(_GPS)
    except Exception:  # noqa: BLE001  # broken notes raise almost anything, and matter to nobody
        return None
    if not where:
        return None
    message = f"{name} says where it was taken (GPS), and is sent as it is"
    return Doubt("image-location", message, "Export it without its location.")


def _exif(picture: Any) -> Any:
    from PIL import Image as Pillow

    try:
        return picture.getexif()
    except Exception:  # noqa: BLE001  # as above
        return Pillow.Exif()


def _colours(picture: Any, content: bytes, name: str) -> Doubt | None:
    if picture.mode == "CMYK":
        message = f"{name} has the colours of print (CMYK); others may come out"
        return Doubt("image-cmyk", message, f"{_EXPORT} RGB (sRGB).")
    if picture.format == "PNG" and content[_PNG_DEPTH_AT : _PNG_DEPTH_AT + 1] == b"\x10":
        message = f"{name} has 16 bits a channel; others may come out"
        return Doubt("image-deep-colour", message, f"{_EXPORT} 8 bits a channel.")
    return None


def _shape(width: int, height: int, name: str) -> Doubt | None:
    long, short = max(width, height), max(1, min(width, height))
    if long / short <= MAX_ASPECT_RATIO:
        return None
    message = f"{name} has {width} x {height} pixels: its long side is {long / short:.1f} times"
    message += " the short one"
    return Doubt("image-shape", message, "Cut it to the part that matters.")

"""The picture: a setting out of focus, a person in front of it, and one light over both."""

import io
from random import Random

from PIL import Image, ImageDraw

from runner.simulator.portrait import carried
from runner.simulator.portrait.layers import (
    PLAIN,
    Colour,
    Factors,
    has_layer,
    lay,
    luma,
    mix,
    open_setting,
    rgb,
)
from runner.simulator.portrait.people import Face
from runner.simulator.portrait.scenes import OUTFIT_COLOURS, USUAL, Scene

QUALITY = 88

CROPS = {"": (0.121, 0.385), "close": (0.165, 0.44), "wide": (0.09, 0.34), "photo": (0.185, 0.46)}
"""For a pose, half the width of a face in heights of the picture, and how far down the face is."""

ROOM: dict[str, Factors] = {
    "bright": (1.04, 1.03, 1.0),
    "morning": (1.03, 0.99, 0.93),
    "golden": (1.06, 0.93, 0.76),
    "dusk": (0.82, 0.68, 0.78),
    "night": (0.42, 0.44, 0.64),
    "overcast": (0.88, 0.91, 0.95),
}
"""What a light does to the surfaces of a setting."""

PERSON: dict[str, Factors] = {
    "bright": (1.02, 1.01, 0.99),
    "morning": (1.0, 0.98, 0.95),
    "golden": (1.02, 0.955, 0.86),
    "dusk": (0.98, 0.91, 0.91),
    "night": (0.93, 0.88, 0.91),
    "overcast": (0.95, 0.97, 1.0),
}
"""What a light does to a person."""

MOUTHS = {
    "": "soft",
    "smile": "smile",
    "laugh": "laugh",
    "confident": "smirk",
    "serious": "flat",
    "thoughtful": "soft",
    "surprised": "open",
}
"""The mouth that belongs to an expression; eyes and brows have layers for each expression."""

CHEEKS = {"oval": 1.0, "round": 1.0625, "heart": 1.01, "square": 1.01, "long": 0.948}
"""How wide a shape of face is beside the oval one, for which hair and glasses were drawn."""

WALLS = ("#c9d3d6", "#d9cbbf", "#bfcabf", "#cfc4d3", "#c3cede", "#dcd0b6")
SCARVES = ("#607c84", "#aa786e", "#465c52", "#bea484")
SHORT_HAIR_BROWS = 480
"""From this sum of red, green and blue on, hair is light, and brows are drawn darker than it."""


def jpeg(face: Face, scene: Scene) -> bytes:
    """Draw a picture as JPEG; its comment carries the face, so that it can come back as a photo."""
    out = io.BytesIO()
    comment = carried.write_note(face, scene).encode("latin-1")
    picture(face, scene, scene.size).save(out, "JPEG", quality=QUALITY, comment=comment)
    return out.getvalue()


def png(face: Face, scene: Scene, size: tuple[int, int]) -> bytes:
    """Draw a picture as PNG, with the face in a text field."""
    from PIL.PngImagePlugin import PngInfo

    note = PngInfo()
    note.add_text(carried.FIELD, carried.write_note(face, scene))
    out = io.BytesIO()
    picture(face, scene, size).save(out, "PNG", optimize=True, pnginfo=note)
    return out.getvalue()


def picture(face: Face, scene: Scene, size: tuple[int, int]) -> Image.Image:
    """Draw a face in a scene, in pixels."""
    image = backdrop(scene, size, variety=scene.variety + _detail(face))
    _draw_person(image, face, scene)
    if scene.weather:
        _draw_weather(image, scene)
    return image


def backdrop(scene: Scene, size: tuple[int, int], *, variety: int) -> Image.Image:
    """Draw the setting alone, out of focus; ``variety`` varies what has no meaning of its own."""
    format_ = "portrait" if size[0] < size[1] else "landscape"
    room = ROOM.get(scene.light, PLAIN)
    if scene.setting in ("", "studio"):
        small = Image.new("RGB", (size[0] // 2, size[1] // 2))
        wall = {"wall": rgb(WALLS[variety % len(WALLS)])}
        lay(
            small,
            f"setting-studio-{format_}/any",
            wall,
            unit=small.height / 5,
            wide=_squeeze(size),
            lit=room,
        )
    else:
        small = open_setting(f"{scene.setting}-{format_}-{scene.light or 'day'}")
    if scene.plants:
        lay(small, f"setting-plants-{format_}/any", {}, unit=small.height / 5, lit=room)
    if scene.tint:
        small = Image.blend(small, Image.new("RGB", small.size, rgb(scene.tint)), 0.15)
    if scene.variety % 2:
        small = small.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return small.resize(size, Image.Resampling.BILINEAR, box=_frame(small.size, scene.variety))


def _squeeze(size: tuple[int, int]) -> float:
    """Return how much narrower a square is than the setting that was drawn for it."""
    return 0.75 if size[0] == size[1] else 1.0


def _frame(size: tuple[int, int], variety: int) -> tuple[float, float, float, float]:
    """Choose the part of a setting that is seen, so that one place does not look one way."""
    share = 1 - 0.1 * (variety // 2 % 4) / 3
    width, height = size[0] * share, size[1] * share
    left = (size[0] - width) * (variety // 8 % 3) / 2
    return left, 0.0, left + width, height


def _detail(face: Face) -> int:
    """Return a number that stays with a face."""
    return round(face.width * 1000)


def _draw_person(image: Image.Image, face: Face, scene: Scene) -> None:
    width, height = image.size
    share, down = CROPS.get(scene.pose, CROPS[""])
    lean = 0.5 + 0.018 * ((scene.variety // 16 + 1) % 3 - 1)
    unit = min(height, width * 1.3) * share
    colours = _colours(face, scene)
    lit = _light(scene)
    for name, wide in _layers(face, scene, colours["base"]):
        at = (width * lean, height * down)
        lay(image, name, colours, unit=unit, at=at, wide=wide, lit=lit)


def _layers(face: Face, scene: Scene, base: Colour) -> list[tuple[str, float]]:
    """Return the layers of a person from back to front, and how each is stretched sideways."""
    who = "woman" if face.woman else "man"
    mood = scene.expression or "calm"
    around = face.width * CHEEKS[face.shape]
    brows = f"brows/{face.brows}-{mood}-{who}"
    garment = f"garment-{_garment(face, scene)}/{who}"
    layers = [
        (f"hair-behind/{face.style}", around),
        (f"neck/{face.shape}-{who}", 1.0),
        (f"{garment}-light" if luma(base) > 0.72 else garment, 1.0),
        (f"arms/crossed-{who}" if scene.pose == "arms-crossed" else "", 1.0),
        (f"head/{face.shape}-{who}", face.width),
        ("marks/freckles" if face.freckles else "", 1.0),
        (f"marks/mole{face.mole}" if face.mole else "", 1.0),
        (_age_lines(face.age), face.width),
        (f"noses/{face.nose}", 1.0),
        (f"beards/{face.beard}-{face.shape}", face.width),
        (f"mouths/{face.mouth}-{MOUTHS[scene.expression]}-{who}", 1.0),
        (f"eyes/{face.eyes}-{mood}-{who}", 1.0),
        (f"{brows}-light" if sum(rgb(face.hair)) >= SHORT_HAIR_BROWS else brows, 1.0),
        (f"marks/glasses-{face.glasses}", around),
        (f"hair-front/{face.style}", around),
        (f"marks/earrings-{face.earrings}" if face.style != "hijab" else "", around),
    ]
    layers[2] = (layers[2][0] if has_layer(layers[2][0]) else garment, 1.0)
    return [layer for layer in layers if has_layer(layer[0])]


def _age_lines(age: int) -> str:
    reached = [f"marks/age{years}" for years in (45, 58, 62) if age >= years]
    return reached[-1] if reached else ""


def _garment(face: Face, scene: Scene) -> str:
    usual = ("tshirt", "shirt", "sweater", "blouse" if face.woman else "polo")
    return scene.garment or usual[_detail(face) % 4]


def _colours(face: Face, scene: Scene) -> dict[str, Colour]:
    garment = _garment(face, scene)
    chosen = OUTFIT_COLOURS[(scene.variety + _detail(face)) % len(OUTFIT_COLOURS)]
    base = rgb(scene.colour or USUAL.get(garment, chosen))
    if scene.tint and not scene.colour:
        base = mix(base, rgb(scene.tint), 0.4)
    return {
        "base": base,
        "accent": rgb(scene.accent) if scene.accent else _accent(garment, base, scene),
        "skin": rgb(face.skin),
        "hair": rgb(face.hair),
        "eye": rgb(face.eye_colour),
        "scarf": rgb(SCARVES[_detail(face) % len(SCARVES)]),
    }


def _accent(garment: str, base: Colour, scene: Scene) -> Colour:
    if garment == "shirt-tie":
        return rgb(("#24365c", "#6d2436", "#2c5a3e", "#5f3557")[scene.variety % 4])
    if garment in ("wrap", "gown"):
        return (212, 170, 88) if luma(base) < 0.62 else (150, 84, 66)
    if garment == "labcoat":
        return (112, 150, 178)
    if garment in ("blazer", "suit", "trench", "leather", "overalls", "apron"):
        return (244, 241, 235) if luma(base) < 0.78 else (70, 84, 104)
    return mix(base, (255, 250, 240), 0.7) if luma(base) < 0.6 else mix(base, (120, 70, 60), 0.6)


def _light(scene: Scene) -> Factors:
    """Return what the time of day and the reference images do to the colours of a person."""
    red, green, blue = PERSON.get(scene.light, PLAIN)
    if not scene.tint:
        return red, green, blue
    tint = rgb(scene.tint)
    r, g, b = (0.9 + 0.1 * part / max(*tint, 1) for part in tint)
    return red * r, green * g, blue * b


def _draw_weather(image: Image.Image, scene: Scene) -> None:
    pen = ImageDraw.Draw(image, "RGBA")
    random = Random(scene.variety)  # noqa: S311 - a drawing
    width, height = image.size
    for _ in range(90):
        x, y = random.uniform(0, width), random.uniform(0, height)
        if scene.weather == "rain":
            pen.line((x, y, x - 7, y + 30), fill=(226, 236, 246, 84), width=2)
        else:
            radius = random.uniform(2, 5)
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(255, 255, 255, 200))

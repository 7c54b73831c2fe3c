"""The picture: a background out of focus, a person in front of it, and one light over both."""

import io
from random import Random

from PIL import Image, ImageDraw, ImageFilter

from runner.simulator.portrait import features, hair, head, jackets, people
from runner.simulator.portrait.backdrops import SETTINGS
from runner.simulator.portrait.clothes import GARMENTS
from runner.simulator.portrait.ink import Canvas, Colour, Factors, light, luma, mix, rgb
from runner.simulator.portrait.mood import MOODS
from runner.simulator.portrait.people import Face
from runner.simulator.portrait.props import Stage
from runner.simulator.portrait.scenes import OUTFIT_COLOURS, USUAL, Scene
from runner.simulator.portrait.tailoring import Fitting

SHARP = 2
"""How much larger than the final picture a person is drawn, for smooth edges."""

QUALITY = 88

CROPS = {"": (0.121, 0.385), "close": (0.165, 0.44), "wide": (0.09, 0.34), "photo": (0.185, 0.46)}
"""For a pose, half the width of a face in heights of the picture, and how far down the face is."""


def jpeg(face: Face, scene: Scene) -> bytes:
    """Draw a picture as JPEG; its comment carries the face, so that it can come back as a photo."""
    out = io.BytesIO()
    comment = people.note(face, scene).encode("latin-1")
    picture(face, scene, scene.size).save(out, "JPEG", quality=QUALITY, comment=comment)
    return out.getvalue()


def png(face: Face, scene: Scene, size: tuple[int, int]) -> bytes:
    """Draw a picture as PNG, with the face in a text field."""
    from PIL.PngImagePlugin import PngInfo

    note = PngInfo()
    note.add_text(people.FIELD, people.note(face, scene))
    out = io.BytesIO()
    picture(face, scene, size).save(out, "PNG", optimize=True, pnginfo=note)
    return out.getvalue()


def picture(face: Face, scene: Scene, size: tuple[int, int]) -> Image.Image:
    """Draw a face in a scene, in pixels."""
    image = backdrop(scene, size, seed=f"{face.skin}{face.width}{scene.variety}")
    large = image.resize((size[0] * SHARP, size[1] * SHARP), Image.Resampling.NEAREST)
    _person(large, face, scene)
    drawn = large.reduce(SHARP)
    if scene.weather:
        _weather(drawn, scene)
    return drawn


def backdrop(scene: Scene, size: tuple[int, int], *, seed: str) -> Image.Image:
    """Draw the setting alone, out of focus."""
    small = Image.new("RGB", (size[0] // 2, size[1] // 2))
    tint = rgb(scene.tint) if scene.tint else None
    stage = Stage(small, MOODS[scene.light], Random(seed), tint)  # noqa: S311 - a drawing
    SETTINGS[scene.setting or "studio"](stage)
    if scene.plants:
        for x, y, tall in ((0.05, 0.9, 0.34), (stage.w - 0.05, 0.94, 0.38), (0.2, 0.98, 0.2)):
            stage.plant(x, y, tall, pot="#d9c4ae")
    if scene.variety % 2:
        small = small.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    blur = small.filter(ImageFilter.BoxBlur(small.height / 280))
    return blur.resize(size, Image.Resampling.BILINEAR, box=_frame(small.size, scene.variety))


def _frame(size: tuple[int, int], variety: int) -> tuple[float, float, float, float]:
    """Choose the part of a background that is seen, so that one place does not look one way."""
    share = 1 - 0.1 * (variety // 2 % 4) / 3
    width, height = size[0] * share, size[1] * share
    left = (size[0] - width) * (variety // 8 % 3) / 2
    return left, 0.0, left + width, height


def _person(image: Image.Image, face: Face, scene: Scene) -> None:
    width, height = image.size
    share, at = CROPS.get(scene.pose, CROPS[""])
    lean = 0.5 + 0.018 * ((scene.variety // 16 + 1) % 3 - 1)
    unit = min(height, width * 1.3) * share
    canvas = Canvas(image, unit=unit, x=width * lean, y=height * at, lit=_light(scene))
    skin = rgb(face.skin)
    hair.behind(canvas, face)
    head.neck(canvas, face, skin)
    fitting = _fitting(canvas, face, scene)
    GARMENTS[_garment(face, scene)](fitting)
    if scene.pose == "arms-crossed":
        jackets.crossed_arms(fitting)
    head.head(canvas, face, skin)
    features.features(canvas, face, skin, scene.expression)
    hair.front(canvas, face)
    if face.earrings != "none" and face.style != "hijab":
        head.earrings(canvas, face)


def _garment(face: Face, scene: Scene) -> str:
    usual = ("tshirt", "shirt", "sweater", "blouse" if face.woman else "polo")
    return scene.garment or usual[round(face.width * 1000) % 4]


def _fitting(canvas: Canvas, face: Face, scene: Scene) -> Fitting:
    garment = _garment(face, scene)
    chosen = OUTFIT_COLOURS[(scene.variety + round(face.width * 1000)) % len(OUTFIT_COLOURS)]
    base = rgb(scene.colour or USUAL.get(garment, chosen))
    if scene.tint and not scene.colour:
        base = mix(base, rgb(scene.tint), 0.4)
    accent = rgb(scene.accent) if scene.accent else _accent(garment, base, scene)
    return Fitting(canvas, face.woman, base, accent, rgb(face.skin))


def _accent(garment: str, base: Colour, scene: Scene) -> Colour:
    if garment == "shirt-tie":
        return rgb(("#24365c", "#6d2436", "#2c5a3e", "#5f3557")[scene.variety % 4])
    if garment in ("wrap", "gown"):
        return (212, 170, 88) if luma(base) < 0.62 else (150, 84, 66)
    if garment == "labcoat":
        return (112, 150, 178)
    if garment in ("blazer", "suit", "trench", "leather", "overalls", "apron"):
        return (244, 241, 235) if luma(base) < 0.78 else (70, 84, 104)
    return light(base, 0.7) if luma(base) < 0.6 else mix(base, (120, 70, 60), 0.6)


def _light(scene: Scene) -> Factors:
    """Return what the time of day and the reference images do to the colours of a person."""
    red, green, blue = MOODS[scene.light].person
    if not scene.tint:
        return MOODS[scene.light].person
    tint = rgb(scene.tint)
    r, g, b = (0.9 + 0.1 * part / max(*tint, 1) for part in tint)
    return red * r, green * g, blue * b


def _weather(image: Image.Image, scene: Scene) -> None:
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

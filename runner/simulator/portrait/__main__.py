"""Draw pictures from the command line: the demo's own, one person, or a sheet of many.

``python -m runner.simulator.portrait demo manifests/assets`` draws the demo campaign's pictures
again, ``... person OUT.png "woman in her 30s, navy blazer, office"`` one person, ``... sheet
OUT.png`` a sheet of people in scenes to judge the drawing by.
"""

import argparse
import io
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from runner.simulator.portrait import carried, draw, people, scenes
from runner.simulator.portrait.layers import rgb
from runner.simulator.portrait.people import Face
from runner.simulator.portrait.scenes import Scene

PHOTO_SIZE = (1024, 1024)
CARD_SIZE = (512, 512)

SARAH = Face(
    woman=True,
    age=33,
    skin="#efcba8",
    hair="#6b3a26",
    style="wavy",
    shape="oval",
    eye_colour="#5c7a52",
    eyes="almond",
    brows="soft",
    nose="straight",
    mouth="full",
    beard="none",
    glasses="none",
    earrings="stud",
    freckles=True,
    mole=0,
    width=1.0,
)
"""The presenter of the demo campaign; she was never anybody but a drawing."""

CARDS = {
    "style": (
        "plant-filled home, golden hour",
        ("#c9714f", "#e8c08a", "#7f8f6a", "#f0e4d0", "#4d4038"),
    ),
    "setting": (
        "rooftop at dusk",
        ("#3b3f6b", "#d4775f", "#f0b27a", "#8a6f93", "#20243f"),
    ),
}
"""The demo's mood cards: what is painted on each, and its palette, the leading colour first."""

PROMPTS = (
    "Wearing a navy blazer, modern office with plants, confident",
    "cream linen suit on a rainy street at dusk",
    "emerald evening gown, concert stage, smile",
    "grey hoodie, city street at night, neon lights",
    "white t-shirt at the beach, bright sunny day, laughing",
    "burgundy turtleneck in a library, warm light, thoughtful",
    "beige trench coat, autumn park, golden hour",
    "white lab coat in a laboratory, serious",
    "red leather jacket on a rooftop at night",
    "yellow summer dress in a garden, spring morning",
    "blue sports jacket in a gym, determined",
    "light blue shirt and tie, classroom",
    "green apron in a kitchen, friendly smile",
    "purple sari, art gallery",
    "brown sweater in a cozy living room, smile",
    "olive overalls in a workshop",
    "black suit, boardroom, arms crossed, confident",
    "coral blouse in a boutique, laughing",
    "forest green polo in a misty forest",
    "teal kimono, desert at sunset",
    "charcoal sweater, mountains, snowy",
    "terracotta shirt in a cafe, curious",
    "white shirt, studio backdrop, close-up",
    "Professional woman in her 60s, warm smile, plant-filled studio, sage blazer",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="python -m runner.simulator.portrait")
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="the pictures of the demo campaign")
    demo.add_argument("folder", type=Path)
    person = commands.add_parser("person", help="one person, as a PNG that carries the face")
    person.add_argument("out", type=Path)
    person.add_argument("text", help="who it is, in what, and where")
    person.add_argument("--seed", default="0")
    sheet = commands.add_parser("sheet", help="many people in many scenes")
    sheet.add_argument("out", type=Path)
    sheet.add_argument("--one", action="store_true", help="one face in all scenes")
    chosen = parser.parse_args(arguments)
    if chosen.command == "demo":
        written = draw_demo(chosen.folder)
    elif chosen.command == "person":
        face = people.invent_face(sha256(chosen.seed.encode()).digest(), chosen.text)
        written = {chosen.out: draw.png(face, scenes.read_scene(chosen.text), PHOTO_SIZE)}
    else:
        written = {chosen.out: draw_sheet(one=chosen.one)}
    for path, content in written.items():
        path.write_bytes(content)
        sys.stdout.write(f"{path}  {len(content):,} bytes\n")
    return 0


def draw_demo(folder: Path) -> dict[Path, bytes]:
    """Draw the demo's photo and its mood cards."""
    scene = Scene(garment="blouse", colour="#8fa8a6", expression="smile", pose="photo")
    pictures = {folder / "sarah.png": draw.png(SARAH, scene, PHOTO_SIZE)}
    for name, (words, palette) in CARDS.items():
        pictures[folder / f"{name}.png"] = mood_card(words, palette)
    return pictures


def mood_card(words: str, palette: Sequence[str]) -> bytes:
    """Draw a setting above a row of colours, as a PNG that carries the first of them."""
    width, height = CARD_SIZE
    card = Image.new("RGB", CARD_SIZE, "#fbf8f3")
    margin, gap = 28, 12
    view = draw.backdrop(
        scenes.read_scene(words), (width - 2 * margin, round(height * 0.66)), variety=0
    )
    card.paste(view, (margin, margin))
    pen = ImageDraw.Draw(card)
    chip = (width - 2 * margin - gap * (len(palette) - 1)) // len(palette)
    top = margin + view.height + gap
    for index, colour in enumerate(palette):
        left = margin + index * (chip + gap)
        pen.rectangle((left, top, left + chip - 1, height - margin - 1), fill=rgb(colour))
    note = PngInfo()
    note.add_text(carried.PALETTE, palette[0])
    out = io.BytesIO()
    card.save(out, "PNG", optimize=True, pnginfo=note)
    return out.getvalue()


def draw_sheet(*, one: bool) -> bytes:
    """Draw the prompts above as thumbnails on one sheet."""
    width, height, columns = 240, 320, 8
    rows = -(-len(PROMPTS) // columns)
    sheet = Image.new("RGB", (columns * width, rows * height))
    for index, prompt in enumerate(PROMPTS):
        seed = sha256(str(0 if one else index).encode()).digest()
        face = people.invent_face(seed, "" if one else prompt)
        picture = draw.picture(face, scenes.read_scene(prompt), scenes.SIZES["portrait"])
        picture.thumbnail((width, height))
        sheet.paste(picture, ((index % columns) * width, (index // columns) * height))
    out = io.BytesIO()
    sheet.save(out, "PNG")
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main())

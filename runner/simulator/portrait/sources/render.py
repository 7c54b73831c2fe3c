"""Render the layers of the rehearsal pictures from their SVG sources, with Chromium.

``python runner/simulator/portrait/sources/render.py`` writes ``../layers`` anew; it needs the extra
``browser`` and Chromium, and takes some minutes.

A source is one SVG with a group for each variant. Colours that a picture chooses are CSS variables
(``--skin``, ``--base`` ...), mixed with ``color-mix``; a plain ``fill`` beside them is what an
editor shows. Each variant is rendered once with all its variables black and once with each of them
white: the first is the part of the picture that never changes, the differences say how much of
each chosen colour every pixel takes.
"""

import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageFilter
from playwright.sync_api import Page, sync_playwright

SOURCES = Path(__file__).parent
LAYERS = SOURCES.parent / "layers"
SCALE = 1.5
"""Pixels for one unit of a source; a hundred units are half the width of a face."""

CHOSEN = ("skin", "hair", "eye", "base", "accent", "scarf", "wall")
"""The variables whose colour is chosen for each picture."""

LIGHTS: dict[str, dict[str, Any]] = {
    "day": {"sky": ("#96c4e6", "#c4dcee", "#e8f0f2")},
    "bright": {
        "sky": ("#54a2e2", "#94caf0", "#def0f6"),
        "room": (1.04, 1.03, 1.0),
        "sun": "#fffae0",
    },
    "morning": {
        "sky": ("#b0cce8", "#e8dede", "#fee2c4"),
        "room": (1.03, 0.99, 0.93),
        "sun": "#ffecc8",
    },
    "golden": {
        "sky": ("#eeba80", "#fad092", "#ffe8ba"),
        "room": (1.06, 0.93, 0.76),
        "sun": "#ffecb0",
    },
    "dusk": {
        "sky": ("#463e7a", "#c46c7c", "#faa870"),
        "room": (0.82, 0.68, 0.78),
        "sun": "#ffbe78",
        "dark": True,
    },
    "night": {"sky": ("#0c1028", "#181e42", "#383866"), "room": (0.42, 0.44, 0.64), "dark": True},
    "overcast": {"sky": ("#a4aeb8", "#c0c7cc", "#d8dbdc"), "room": (0.88, 0.91, 0.95)},
}
"""What a time of day does to a setting: the sky from top to horizon, surfaces, sun and lamps."""


def main() -> None:
    """Render everything."""
    shutil.rmtree(LAYERS, ignore_errors=True)
    index: dict[str, dict[str, Any]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page()
        for source in sorted(SOURCES.glob("*.svg")):
            kind, _, rest = source.stem.partition("-")
            if kind == "setting" and not rest.startswith(("studio", "plants")):
                render_setting(page, source, rest)
            else:
                index.update(render_variants(page, source))
        browser.close()
    lines = (f" {json.dumps(name)}: {json.dumps(entry)}" for name, entry in sorted(index.items()))
    (LAYERS / "index.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def render_variants(page: Page, source: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Render each variant of a source; yield its name, its place in units and its colours."""
    svg = source.read_text()
    left, top, width, height = (float(part) for part in attribute(svg, "viewBox").split())
    for name in re.findall(r'^<g id="([^"]+)"', svg, re.MULTILINE):
        show(page, svg, name, (width, height), SCALE)
        used = [c for c in CHOSEN if f"--{c})" in page.inner_html(f'[id="{name}"]')]
        if len(used) > 3:
            raise ValueError(f"{source.name}: {name} has more than three colours")
        plain = shoot(page, dict.fromkeys(used, "#000"))
        box = plain.getbbox() or (0, 0, 1, 1)
        bare = premultiplied(plain)
        shares = [
            ImageChops.subtract(
                premultiplied(shoot(page, {c: "#fff" if c == one else "#000" for c in used})), bare
            ).getchannel("G")
            for one in used
        ]
        shares += [Image.new("L", plain.size)] * (3 - len(used))
        both = Image.new("RGBA", (2 * (box[2] - box[0]), box[3] - box[1]))
        both.paste(plain.crop(box), (0, 0))
        both.paste(Image.merge("RGB", shares).crop(box), (box[2] - box[0], 0))
        write_layer(both, LAYERS / source.stem / f"{name}.webp")
        place = [round(left + box[0] / SCALE, 2), round(top + box[1] / SCALE, 2)]
        yield f"{source.stem}/{name}", {"at": place, "colours": used}


def render_setting(page: Page, source: Path, name: str) -> None:
    """Render a setting in every light, half as large as a picture and out of focus."""
    svg = source.read_text()
    width, height = (float(part) for part in attribute(svg, "viewBox").split()[2:])
    for light, values in LIGHTS.items():
        variant = "any" if '<g id="any"' in svg else "dark" if values.get("dark") else "day"
        show(page, svg, variant, (width, height), 512 / height if height > width else 384 / height)
        room = values.get("room", (1, 1, 1))
        variables = {f"sky-{at}": colour for at, colour in enumerate(values["sky"])}
        variables |= {f"room-{part}": str(factor) for part, factor in zip("rgb", room, strict=True)}
        variables["sun"] = values.get("sun", "#000")
        variables["sunny"] = "1" if "sun" in values else "0"
        variables["stars"] = "1" if values.get("dark") and "sun" not in values else "0"
        sharp = shoot(page, variables).convert("RGB")
        blurred = sharp.filter(ImageFilter.BoxBlur(sharp.height / 280))
        write_layer(blurred, LAYERS / "settings" / f"{name}-{light}.webp", quality=82)


def attribute(svg: str, name: str) -> str:
    """Return an attribute of the root element."""
    found = re.search(rf'{name}="([^"]*)"', svg)
    if found is None:
        raise ValueError(f"a source without {name}")
    return found[1]


def show(page: Page, svg: str, name: str, size: tuple[float, float], scale: float) -> None:
    """Put one variant of a source on the page."""
    width, height = round(size[0] * scale), round(size[1] * scale)
    page.set_viewport_size({"width": width, "height": height})
    root = re.sub(
        r' width="[^"]*" height="[^"]*"',
        f' width="{width}" height="{height}" preserveAspectRatio="none"',
        svg,
        count=1,
    )
    groups = re.split(r'(?m)^(?=<g id=")', root)
    chosen = [group for group in groups[1:] if group.startswith(f'<g id="{name}"')]
    body = re.sub(r' display="none"', "", chosen[0], count=1).removesuffix("</svg>\n")
    page.set_content(f"<style>body{{margin:0}}svg{{display:block}}</style>{groups[0]}{body}</svg>")


def shoot(page: Page, variables: dict[str, str]) -> Image.Image:
    """Take a picture of the page with some variables set."""
    page.evaluate(
        "all => { const style = document.querySelector('svg').style;"
        " for (const [name, value] of Object.entries(all)) style.setProperty('--' + name, value) }",
        variables,
    )
    return Image.open(io.BytesIO(page.screenshot(omit_background=True)), formats=("PNG",)).convert(
        "RGBA"
    )


def premultiplied(image: Image.Image) -> Image.Image:
    """Return the colours of an image, each multiplied with its opacity."""
    alpha = image.getchannel("A")
    return ImageChops.multiply(image.convert("RGB"), Image.merge("RGB", (alpha, alpha, alpha)))


def write_layer(image: Image.Image, path: Path, *, quality: int | None = None) -> None:
    """Write a picture: with a quality, or as it is but for the lowest bit of its colours.

    A layer that is compressed with losses has a halo when it is put together again.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if quality is not None:
        image.save(path, "WEBP", quality=quality, method=6)
        return
    *colours, alpha = image.split()
    even = [
        band.point([value & 254 if value < 255 else 255 for value in range(256)])
        for band in colours
    ]
    Image.merge("RGBA", (*even, alpha)).save(path, "WEBP", lossless=True, quality=100, method=6)


if __name__ == "__main__":
    main()

"""Drawing."""

import io

from runner.simulator.portrait import people
from runner.simulator.portrait.people import Face
from runner.simulator.portrait.scenes import Scene


def jpeg(face: Face, scene: Scene) -> bytes:
    """Return the picture."""
    from PIL import Image, ImageDraw

    w, h = scene.size
    im = Image.new("RGB", (w, h), scene.tint or "#cfd6dc")
    d = ImageDraw.Draw(im)
    d.rounded_rectangle((w * 0.1, h * 0.62, w * 0.9, h * 1.2), w * 0.2, fill=scene.colour or "#556")
    d.ellipse((w * 0.27, h * 0.14, w * 0.73, h * 0.6), fill=face.hair)
    d.ellipse((w * 0.32, h * 0.2, w * 0.68, h * 0.62), fill=face.skin)
    out = io.BytesIO()
    im.save(out, "JPEG", quality=88, comment=people.note(face, scene).encode("latin-1"))
    return out.getvalue()

"""A made-up campaign as a results document, with drawn pictures: what the catalog tests look at."""

import colorsys
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from PIL import Image, ImageDraw, ImageFilter

from runner.results.model import LookEntry, Results, TakeEntry

SENT = "2026-03-02T09:14:0{}Z"
OUTFITS = {"blazer": "a navy blazer", "linen": "a cream linen suit", "knit": "a green knit sweater"}
SETTINGS = {
    "office": "a modern office with plants",
    "street": "a rainy street at dusk",
    "studio": "a bright photo studio",
    "garden": "a walled garden in spring",
}


def take(
    look: str,
    number: int = 1,
    *,
    picked: bool = True,
    state: str = "fetched",
    image: str | None = "",
    **changes: Any,
) -> TakeEntry:
    """One take; its image is ``images/LOOK.NUMBER.png`` unless it says otherwise."""
    has_image = state == "fetched"
    path = f"images/{look}.{number}.png" if image == "" and has_image else image or None
    made: dict[str, Any] = {
        "take": number,
        "picked": picked,
        "state": state,
        "billing": "billed" if state in ("fetched", "completed", "processing") else "none",
        "price_usd": 1.0,
        "kind": "prompt",
        "identity": hashlib.sha256(look.encode()).hexdigest(),
        "request": {"type": "prompt"},
        "name": f"Sarah — {look}",
        "reference_look": "base",
        "reference_id": "lk_base_0001",
        "avatar_id": f"lk_{look.replace('-', '_')}_{number:04d}" if state != "planned" else None,
        "avatar_group_id": "gr_sarah_01" if state != "planned" else None,
        "image": path,
        "sha256": None,
        "width": 768 if path else None,
        "height": 960 if path else None,
        "sent_at": SENT.format(1),
        "accepted_at": SENT.format(2),
        "completed_at": "2026-03-02T09:15:26Z" if has_image else None,
        "idempotency_key": f"key-{look}-{number}",
        "request_id": f"req-{look}-{number}",
    }
    made |= changes
    if made["billing"] != "none" and made["price_usd"]:
        cause = "new" if number == 1 else "another take"
        made.setdefault("charge", {"cause": cause, "reason": cause})
    return cast("TakeEntry", made)


def look(
    key: str,
    prompt: str | None = None,
    takes: Sequence[TakeEntry] | None = None,
    **rest: Any,
) -> LookEntry:
    """One look, described by its picked take as the results document does it."""
    takes = [take(key)] if takes is None else list(takes)
    picked: Mapping[str, Any] = next((t for t in takes if t["picked"]), {})
    title = rest.get("title", key.replace("-", " ").title())
    made = {
        "look": key,
        "kind": "prompt",
        "title": title,
        "name": f"Sarah — {title}",
        "prompt": prompt,
        "state": picked.get("state", "planned"),
        "reference": "base",
        "identity": hashlib.sha256(key.encode()).hexdigest(),
        "cost_usd": float(sum(t["price_usd"] for t in takes if t["billing"] != "none")),
        "tags": [],
        "matrix": None,
        "axes": {},
        "takes": takes,
    }
    for name in ("avatar_id", "avatar_group_id", "image", "sha256", "width", "height"):
        made[name] = picked.get(name)
    return cast("LookEntry", {**made, **rest})


def document(looks: Sequence[LookEntry], **rest: Any) -> Results:
    """A results document around some looks."""
    states = [one["state"] for one in looks]
    cost = float(sum(one["cost_usd"] for one in looks))
    totals = {
        "looks": len(looks),
        "takes": sum(len(one["takes"]) for one in looks),
        "states": {state: states.count(state) for state in states},
        "cost_usd": cost,
        "billed_usd": cost,
        "assumed_billed_usd": 0.0,
        "refunded_usd": 0.0,
        "reserved_usd": 0.0,
        "unknown_usd": 0.0,
        "wallet": None,
    }
    made = {
        "version": 1,
        "campaign": "spring-lookbook",
        "account": "simulator",
        "manifest": "spring-lookbook.yaml",
        "prices": {"photo": 1.0, "prompt": 1.0},
        "looks": list(looks),
        "orphans": [],
        "totals": totals,
    }
    return cast("Results", {**made, **rest})


def base() -> LookEntry:
    """The presenter's photo."""
    return look(
        "base",
        None,
        [take("base", reference_look=None, reference_id=None, kind="photo")],
        title="Sarah",
        name="Sarah",
        kind="photo",
        reference=None,
    )


def campaign() -> Results:
    """Every kind of look and state that a catalog can meet, in one believable campaign."""
    looks = [base()]
    for outfit, worn in OUTFITS.items():
        for setting, place in SETTINGS.items():
            if (outfit, setting) in (("linen", "street"), ("knit", "office")):
                continue
            key = f"{outfit}-{setting}"
            looks.append(
                look(
                    key,
                    f"Wearing {worn}, {place}, warm natural light, relaxed smile",
                    title=f"{outfit.title()}, {setting.title()}",
                    matrix="${outfit}-${setting}",
                    axes={"outfit": outfit, "setting": setting},
                    tags=["hero", "web"] if outfit == "blazer" else ["web"],
                )
            )
    night = "Wearing a navy blazer, a modern office with plants at night, city lights outside"
    looks += [
        look(
            "blazer-office-night",
            night,
            reference="blazer-office",
            tags=["story"],
            title="Blazer, Office at Night",
        ),
        look(
            "blazer-office-late",
            night + ", jacket over the chair, sleeves rolled up",
            reference="blazer-office-night",
            tags=["story"],
            title="Blazer, Late",
        ),
        look(
            "red-dress",
            "Wearing a long red dress on a marble staircase, evening light",
            [
                take("red-dress", 1),
                take("red-dress", 2, picked=False),
                take(
                    "red-dress",
                    3,
                    picked=False,
                    state="failed",
                    billing="assumed_billed",
                    error={"code": "moderation", "message": "The picture was rejected."},
                ),
            ],
            tags=["print"],
            title="Red Dress, Staircase",
        ),
        look(
            "brand-ambassador",
            "Professional woman in her 40s, warm smile, plant-filled studio, soft morning light",
            reference=None,
            title="Brand Ambassador",
        ),
        look(
            "ski-lodge",
            "Wearing a white ski jacket, in front of a wooden lodge, low winter sun",
            [take("ski-lodge", state="failed", billing="assumed_billed")],
            error={"code": "moderation", "message": "The prompt was rejected by moderation."},
            title="Ski Lodge",
        ),
        look(
            "ski-evening",
            "The same jacket by the fireplace of the lodge",
            [],
            state="blocked",
            reference="ski-lodge",
            reason="ski-lodge failed, and this look is made from it.",
            title="Ski Lodge, Evening",
        ),
        look(
            "harbour",
            "Wearing a striped shirt, at a harbour, bright noon",
            [take("harbour", state="processing")],
            title="Harbour",
        ),
        look(
            "hired-elsewhere",
            None,
            [take("hired-elsewhere", kind="existing", price_usd=0.0)],
            kind="existing",
            reference=None,
            name=None,
            title="Hired Elsewhere",
        ),
        look(
            "studio-portrait",
            "Wearing a black turtleneck, grey studio backdrop",
            reference="lk_from_last_year",
            title="Studio Portrait",
        ),
    ]
    orphan = look("old-cape", "Wearing a long cape, on a cliff", title="Cape on the Cliff")
    return document(looks, orphans=[orphan])


def many(count: int) -> Results:
    """A campaign of ``count`` looks in one matrix of 25 columns, with the base."""
    looks = [base()]
    for number in range(count - 1):
        row, column = divmod(number, 25)
        looks.append(
            look(
                f"look-{number:04d}",
                f"Wearing outfit {row}, in setting {column}, warm natural light, half-length",
                matrix="m",
                axes={"outfit": f"outfit-{row}", "setting": f"setting-{column}"},
                tags=[f"batch-{row % 5}"],
            )
        )
    return document(looks)


def draw(folder: Path, results: Results, size: tuple[int, int] = (768, 960)) -> None:
    """Draw every picture that the results name, under ``folder``."""
    for one in [*results["looks"], *results["orphans"]]:
        for each in one["takes"]:
            if each["image"]:
                path = folder / each["image"]
                path.parent.mkdir(parents=True, exist_ok=True)
                portrait(f"{one['look']}{each['take']}", one["axes"], size).save(path)


def portrait(seed: str, axes: Mapping[str, str], size: tuple[int, int]) -> Image.Image:
    """A person made of ellipses before a blurred wall; what they wear follows from the axes."""
    width, height = size
    wall = _tone(axes.get("setting", seed), 0.28, 0.86)
    floor = _tone(axes.get("setting", seed) + "floor", 0.35, 0.55)
    picture = Image.new("RGB", (8, 10), wall)
    picture.paste(floor, (0, 6, 8, 10))
    picture = picture.resize(size, Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(8))
    pen = ImageDraw.Draw(picture)

    def oval(x: float, y: float, w: float, h: float, colour: tuple[int, int, int]) -> None:
        pen.ellipse(
            ((x - w) * width, (y - h) * height, (x + w) * width, (y + h) * height), fill=colour
        )

    cloth = _tone(axes.get("outfit", seed), 0.5, 0.45)
    oval(0.5, 0.36, 0.19, 0.2, (58, 38, 30))
    oval(0.5, 1.02, 0.4, 0.4, cloth)
    oval(0.5, 0.6, 0.07, 0.12, (214, 164, 136))
    oval(0.5, 0.4, 0.135, 0.165, (232, 184, 156))
    oval(0.44, 0.39, 0.016, 0.01, (50, 34, 28))
    oval(0.56, 0.39, 0.016, 0.01, (50, 34, 28))
    oval(0.5, 0.485, 0.04, 0.012, (176, 86, 80))
    oval(0.47, 0.27, 0.13, 0.07, (58, 38, 30))
    return picture


def _tone(seed: str, saturation: float, value: float) -> tuple[int, int, int]:
    hue = hashlib.sha256(seed.encode()).digest()[0] / 255
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)

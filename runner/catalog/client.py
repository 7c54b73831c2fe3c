"""The client's copy: one page to look at, decide and remark on, and nothing that is the studio's.

It is made of its own few values, so what is not in them cannot slip into it: no prices, ids, keys,
failures, prompts or links. Answers stay in the client's browser until they are sent back.
"""

import base64
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple, cast

from runner.answers import ANSWERS_VERSION, compute_ref
from runner.catalog import reading, xmp
from runner.catalog.html import join_templates, load_templates, make_policy
from runner.catalog.metadata import embed_metadata, make_exif
from runner.catalog.model import LookView, TakeView
from runner.catalog.pictures import CatalogImage, style_ratio
from runner.model import Credits
from runner.results.model import LookEntry, Results

_DIGEST = re.compile("[0-9a-f]{64}")
_STYLES = ("base.css", "client.css")
_SCRIPTS = ("client.js",)


class Shown(StrEnum):
    """What a client sees only if somebody asked for it."""

    PROMPTS = "prompts"
    PRICES = "prices"
    IDS = "ids"
    """The look's key in the manifest and its id at HeyGen."""


@dataclass(frozen=True, slots=True)
class ClientPicture:
    """One picture to decide about. ``ref`` names it in the answers; ``details`` was asked for."""

    ref: str
    sha256: str | None
    image: str
    title: str
    sub: str
    generated: bool
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ClientPage:
    """Everything that a client's copy shows; ``binding`` is the campaign as the manifest has it."""

    binding: str
    campaign: str
    simulated: bool
    whose: Credits
    pictures: tuple[ClientPicture, ...]

    @property
    def sources(self) -> tuple[tuple[str, str | None], ...]:
        """Return (path, SHA-256 or None) of every picture, each once."""
        return tuple({one.image: one.sha256 for one in self.pictures}.items())


class ForClient(NamedTuple):
    """A results document cut down to what a client decides about, and how many looks are not in it.

    ``rejected`` are those of which every take was rejected, ``unfinished`` have no picture.
    """

    results: Results
    unfinished: int
    rejected: int


def select_for_client(results: Results, *, every_take: bool = False) -> ForClient:
    """Return the looks that a client sees, each with its picked take, or with every take.

    A take that somebody rejected is not shown, nor what the manifest does not name. Pure.
    """
    looks: list[LookEntry] = []
    unfinished = rejected = 0
    for look in results["looks"]:
        takes = [t for t in look["takes"] if t["image"] and (every_take or t["picked"])]
        fit = [t for t in takes if "review" not in t or t["review"]["state"] != "rejected"]
        if fit:
            first = next((take for take in fit if take["picked"]), fit[0])
            picture = {"image": first["image"], "sha256": first["sha256"]}
            looks.append(cast("LookEntry", {**look, "takes": fit, **picture}))
        elif takes:
            rejected += 1
        else:
            unfinished += 1
    return ForClient({**results, "looks": looks, "orphans": []}, unfinished, rejected)


def build_client_page(results: Results, shown: Collection[Shown] = ()) -> ClientPage:
    """Return the page of what ``select_for_client`` left. Pure."""
    view = reading.build_page(results)
    campaign = results["campaign"].encode("utf-8", "replace").decode()
    return ClientPage(
        campaign,
        view.campaign,
        view.simulated,
        xmp.read_credits(results),
        tuple(_picture(campaign, look, take, shown) for look in view.wanted for take in look.takes),
    )


def withhold(facts: xmp.Facts, shown: Collection[Shown]) -> xmp.Facts:
    """Return what a picture says of itself to a client."""
    if Shown.PROMPTS not in shown:
        facts = replace(facts, prompt=None)
    if Shown.IDS not in shown:
        facts = replace(facts, look=None, take=None, avatar_id=None)
    return replace(facts, tags=())


def _picture(
    campaign: str, look: LookView, take: TakeView, shown: Collection[Shown]
) -> ClientPicture:
    details = (
        (Shown.PROMPTS, "Prompt", take.prompt or look.prompt),
        (Shown.PRICES, "Price", take.price),
        (Shown.IDS, "Look", f"{look.key}#{take.number}"),
        (Shown.IDS, "avatar_id", take.avatar_id),
    )
    sha256 = take.sha256 if take.sha256 and _DIGEST.fullmatch(take.sha256) else None
    return ClientPicture(
        compute_ref(campaign, look.key, take.number, sha256),
        sha256,
        take.image or "",
        look.title,
        f"Take {take.number}" if len(look.takes) > 1 else "",
        look.kind == "prompt",
        tuple((label, text) for what, label, text in details if what in shown and text),
    )


def render_client_page(page: ClientPage, images: Mapping[str, CatalogImage]) -> Iterator[str]:
    """Return the page in pieces; ``images`` carry their pictures (``prepare_images``, embedded)."""
    shown = [one for one in page.pictures if images[one.image].thumb is not None]
    css = join_templates(_STYLES, style_ratio(images.values()))
    js = join_templates(_SCRIPTS)
    stream = (
        load_templates()
        .get_template("client.html.j2")
        .stream(
            page=page,
            pictures=[
                (one, images[one.image], *_sign_pictures(page, one, images[one.image]))
                for one in shown
            ],
            credit=xmp.format_credit(page.whose),
            binding={"version": ANSWERS_VERSION, "campaign": page.binding},
            css=css,
            js=js,
            policy=make_policy(css, js, pictures="data:"),
        )
    )
    stream.enable_buffering(100)
    return stream


def _sign_pictures(page: ClientPage, picture: ClientPicture, image: CatalogImage) -> list[str]:
    """Return the addresses of both sizes, with whose picture it is written into them."""
    facts = xmp.Facts(
        campaign=page.campaign,
        title=picture.title,
        generated=picture.generated,
        system=xmp.name_system(simulated=page.simulated),
        whose=page.whose,
    )
    packet = xmp.make_packet(facts)
    exif = make_exif(page.whose)
    signed = []
    for address in (image.thumb, image.full):
        start, _, data = (address or "").partition(",")
        jpeg = embed_metadata(base64.b64decode(data), "JPEG", xmp=packet, exif=exif)
        signed.append(f"{start},{base64.b64encode(jpeg).decode('ascii')}")
    return signed

"""Campaigns of random shape, and what people do to them between two runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from random import Random

from runner.model import (
    BASE,
    Budget,
    Campaign,
    FileImage,
    Image,
    InlineImage,
    LikenessRule,
    LiteralRef,
    Look,
    LookKind,
    LookRef,
    Prices,
    UploadedImage,
    UrlImage,
)
from runner.plan.graph import list_needs
from tests.fault.faces import HOLD
from tests.fault.history import Edit, EditKind, Shape

__all__ = ["HOPELESS", "Stock", "edited", "grown", "reached"]

HOPELESS = "https://pictures.invalid/gone.png"
"""A picture that the API cannot fetch: whoever references it is refused, every time."""


@dataclass(frozen=True, slots=True)
class Stock:
    """What a campaign can draw on: files on disk, and looks and assets of the account."""

    folder: Path
    files: tuple[FileImage, ...]
    inline: InlineImage
    assets: tuple[str, ...]
    looks: tuple[str, ...]


def grown(
    shape: Shape, stock: Stock, *, price: Decimal, budget: Decimal | None, faces: bool = False
) -> Campaign:
    """Return the campaign of a shape; the looks it leaves out take with them what needs them."""
    rng = Random(f"shape/{shape.draw}")
    looks = [_base(rng, stock)]
    chained = rng.random() < 0.3
    for number in range(shape.looks - 1):
        looks.append(_look(rng, f"look-{number:02d}", looks, stock, chained=chained))
    looks = _with_rules(looks, shape) if faces else looks
    return Campaign(
        name="bad-days",
        manifest=stock.folder / "bad-days.yaml",
        looks=_without(looks, shape.without),
        budget=Budget(campaign_usd=budget),
        prices=Prices(price, price),
    )


def _with_rules(looks: list[Look], shape: Shape) -> list[Look]:
    """Return looks that hold what references another face; of some it is bought again."""
    rng = Random(f"faces/{shape.draw}")
    rules = [LikenessRule(hold=HOLD, retry=rng.random() < 0.5) for _ in looks]
    return [
        look._replace(likeness=rule) if look.kind is LookKind.PROMPT and look.key != BASE else look
        for look, rule in zip(looks, rules, strict=True)
    ]


def _base(rng: Random, stock: Stock) -> Look:
    drawn = rng.random()
    if drawn < 0.5:
        photos: list[Image] = [*stock.files, stock.inline, UrlImage("https://x.test/a.png")]
        return Look(BASE, LookKind.PHOTO, "Sarah", "Sarah", photo=rng.choice(photos))
    if drawn < 0.85:
        return Look(BASE, LookKind.PROMPT, "Sarah", "Sarah", prompt="A woman in her 40s, smiling")
    return Look(BASE, LookKind.EXISTING, "Sarah", None, existing=rng.choice(stock.looks))


def _look(rng: Random, key: str, before: list[Look], stock: Stock, *, chained: bool) -> Look:
    if rng.random() < 0.04:
        existing = rng.choice(stock.looks)
        return Look(key, LookKind.EXISTING, key, None, existing=existing)
    other = before[-1] if chained and rng.random() < 0.8 else rng.choice(before)
    combination = rng.random()
    look = Look(
        key,
        LookKind.PROMPT,
        _title(rng, key),
        None,
        prompt=f"Wearing a {rng.choice(COLOURS)} suit, {rng.choice(PLACES)}, {key}",
        images=_images(rng, stock),
        takes=rng.choice((1, 1, 1, 1, 2, 3)),
        retries=rng.choice((0, 0, 0, 1, 2)),
    )
    look = look._replace(name=_name(look))
    if combination < 0.55:
        return look._replace(reference=LookRef(other.key))
    if combination < 0.62:
        return look._replace(reference=LiteralRef(rng.choice(stock.looks)))
    if combination < 0.72:
        return look
    if combination < 0.86:
        return look._replace(group=LookRef(other.key))
    return look._replace(reference=LookRef(other.key), group=LookRef(other.key))


def reached(campaign: Campaign, key: str, up: int, down: int) -> set[str]:
    """Return a look with what it needs, ``up`` steps far, and what needs it, ``down`` steps far."""
    needs = {look.key: {*list_needs(look)} for look in campaign.looks}
    above, below = {key}, {key}
    for _ in range(min(up, len(needs))):
        above |= {needed for one in above for needed in needs[one]}
    for _ in range(min(down, len(needs))):
        below |= {one for one, needed in needs.items() if needed & below}
    return above | below


COLOURS = ("navy", "cream", "black", "green", "red")
PLACES = ("a modern office", "a rainy street at dusk", "a studio", "a beach")


def _title(rng: Random, key: str) -> str:
    # Two looks may share a title now and then: then they share a name at HeyGen as well.
    return "Portrait" if rng.random() < 0.1 else f"Title of {key}"


def _name(look: Look) -> str:
    return f"Sarah — {look.title}"


def _images(rng: Random, stock: Stock) -> tuple[Image, ...]:
    drawn = rng.random()
    if drawn < 0.75:
        return ()
    if drawn < 0.765:
        return (UrlImage(HOPELESS),)
    choice: list[Image] = [*stock.files, UrlImage("https://x.test/b.jpg"), stock.inline]
    choice += [UploadedImage(asset) for asset in stock.assets]
    return tuple(rng.sample(choice, k=rng.randint(1, 3)))


def _without(looks: list[Look], without: frozenset[str]) -> tuple[Look, ...]:
    gone = set(without)
    kept = []
    for look in looks:
        if look.key in gone or any(key in gone for key in list_needs(look)):
            gone.add(look.key)
        else:
            kept.append(look)
    return tuple(kept)


# --- edits ----------------------------------------------------------------------------------------


def edited(campaign: Campaign, edit: Edit, former: list[Campaign], stock: Stock) -> Campaign:
    """Return the campaign after an edit; unchanged where the edit concerns nothing in it.

    ``former`` are the campaigns before, oldest first, for edits that take something back.
    """
    rng = Random(f"edit/{edit.draw}")
    change = CHANGES.get(edit.kind)
    if edit.kind is EditKind.UNDO:
        return rng.choice(former) if former else campaign
    if change is None:
        return campaign
    return replace(campaign, looks=tuple(change(rng, list(campaign.looks), former, stock)))


Change = Callable[[Random, list[Look], list[Campaign], Stock], list[Look]]


def _some(rng: Random, looks: list[Look], *, base: bool = False) -> int | None:
    places = [
        place
        for place, look in enumerate(looks)
        if look.kind is not LookKind.EXISTING and (base or look.key != BASE)
    ]
    return rng.choice(places) if places else None


def _prompt(rng: Random, looks: list[Look], *_: object) -> list[Look]:
    place = _some(rng, looks)
    if place is not None and looks[place].prompt is not None:
        prompt = f"{looks[place].prompt}, {rng.choice(PLACES)}"[-900:]
        looks[place] = looks[place]._replace(prompt=prompt)
    return looks


def _retitle(rng: Random, looks: list[Look], *_: object) -> list[Look]:
    place = _some(rng, looks)
    if place is not None:
        look = looks[place]._replace(title=f"New title {rng.randrange(100)}")
        looks[place] = look._replace(name=_name(look))
    return looks


def _rekey(rng: Random, looks: list[Look], *_: object) -> list[Look]:
    place = _some(rng, looks)
    if place is None:
        return looks
    old, new = looks[place].key, f"moved-{rng.randrange(12):02d}"
    if any(look.key == new for look in looks):
        return looks
    return [
        _pointed(look._replace(key=new if look.key == old else look.key), old, new)
        for look in looks
    ]


def _pointed(look: Look, old: str, new: str) -> Look:
    here = LookRef(old)
    return look._replace(
        reference=LookRef(new) if look.reference == here else look.reference,
        group=LookRef(new) if look.group == here else look.group,
    )


def _remove(rng: Random, looks: list[Look], *_: object) -> list[Look]:
    place = _some(rng, looks)
    return looks if place is None else list(_without(looks, frozenset({looks[place].key})))


def _restore(rng: Random, looks: list[Look], former: list[Campaign], *_: object) -> list[Look]:
    keys = {look.key for look in looks}
    gone = [
        look
        for campaign in former
        for look in campaign.looks
        if look.key not in keys and all(key in keys for key in list_needs(look))
    ]
    return [*looks, rng.choice(gone)] if gone else looks


def _add(rng: Random, looks: list[Look], former: list[Campaign], stock: Stock) -> list[Look]:
    # Also under a key that a renamed look had before.
    free = [f"look-{number:02d}" for number in range(16)]
    keys = {look.key for look in looks}
    free = [key for key in free if key not in keys]
    if not free:
        return looks
    return [*looks, _look(rng, rng.choice(free[:6]), looks, stock, chained=False)]


def _takes(rng: Random, looks: list[Look], *_: object) -> list[Look]:
    place = _some(rng, looks)
    if place is not None:
        looks[place] = looks[place]._replace(takes=rng.randint(1, 3))
    return looks


def _retry(rng: Random, looks: list[Look], *_: object) -> list[Look]:
    place = _some(rng, looks)
    if place is not None:
        looks[place] = looks[place]._replace(retries=rng.randint(0, 3))
    return looks


def _rebase(rng: Random, looks: list[Look], former: list[Campaign], stock: Stock) -> list[Look]:
    return [_base(rng, stock)._replace(key=BASE), *looks[1:]]


def _point(rng: Random, looks: list[Look], *_: object) -> list[Look]:
    """Point a look at another that comes before it, so that no cycle arises."""
    place = _some(rng, looks)
    if place is None or looks[place].kind is not LookKind.PROMPT or place == 0:
        return looks
    other = LookRef(_ordered(looks)[rng.randrange(place)])
    if other.look == looks[place].key or _reaches(looks, other.look, looks[place].key):
        return looks
    group = other if looks[place].group is not None else None
    looks[place] = looks[place]._replace(reference=other, group=group)
    return looks


def _ordered(looks: list[Look]) -> list[str]:
    return [look.key for look in looks]


def _reaches(looks: list[Look], start: str, goal: str) -> bool:
    by_key: Mapping[str, Look] = {look.key: look for look in looks}
    queue, seen = [start], set[str]()
    while queue:
        key = queue.pop()
        if key == goal:
            return True
        if key not in seen:
            seen.add(key)
            queue += list_needs(by_key[key])
    return False


CHANGES: dict[EditKind, Change] = {
    EditKind.PROMPT: _prompt,
    EditKind.TITLE: _retitle,
    EditKind.KEY: _rekey,
    EditKind.REMOVE: _remove,
    EditKind.RESTORE: _restore,
    EditKind.ADD: _add,
    EditKind.TAKES: _takes,
    EditKind.RETRIES: _retry,
    EditKind.BASE: _rebase,
    EditKind.REFERENCE: _point,
}

"""A look's identity: a tagged hash of what is paid for (``docs/iterating.md``).

Type, prompt, images, group, and *which* look is referenced take part. Names, titles, tags, takes,
retries, order, comments and the place of a file do not, nor do the kind of white space and the
Unicode normal form of a prompt (``runner.folding``). The first version hashed prompts as they were
written; its takes are recognised by folding the ingredients that it recorded.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from runner.canonical import canonical_json, sha256_hex
from runner.folding import fold_text
from runner.model import FileImage, Image, InlineImage, Look, LookKind, LookRef, Reference, UrlImage

TAG = "lookbook.identity.v1"

_CONTROL_ESCAPES = re.compile(r"\\(?:u00|f)")
"""How canonical JSON writes the white space of ASCII that a manifest does not make even."""

_FOLDS_AWAY = re.compile(
    "[\x85\xa0\u1680\u2000-\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]|"
    + _CONTROL_ESCAPES.pattern
)

Ingredients = dict[str, Any]


class MadeFrom(NamedTuple):
    """What a look is made from, as canonical JSON, and the identity that follows from it."""

    ingredients: str
    identity: str

    @classmethod
    def of(cls, ingredients: str) -> "MadeFrom":
        """Return ingredients with their identity."""
        return cls(ingredients, compute_identity(ingredients))


def collect_ingredients(look: Look, looks: Mapping[str, Look]) -> Ingredients:
    """Return what a look's identity is made of, as JSON values.

    ``looks`` are the campaign's, by key: a reference to a look that exists already counts as its
    literal id, however it is spelled.
    """
    if look.kind is LookKind.EXISTING:
        return {"type": "existing", "id": look.existing}
    made: Ingredients = {"type": str(look.kind), "group": _reference(look.group, looks, ids=False)}
    if look.kind is LookKind.PHOTO:
        return made | {"file": None if look.photo is None else _image(look.photo)}
    return made | {
        "prompt": look.prompt,
        "reference": _reference(look.reference, looks, ids=True),
        "images": [_image(image) for image in look.images],
    }


def ingredients_json(look: Look, looks: Mapping[str, Look]) -> str:
    """Return ``collect_ingredients`` as canonical JSON.

    A prompt without pictures, as most looks are, is written out here: the encoder takes four times
    as long. A test holds the two spellings together.
    """
    if look.kind is not LookKind.PROMPT or look.images:
        return canonical_json(collect_ingredients(look, looks))
    group = _encode_reference(_reference(look.group, looks, ids=False))
    reference = _encode_reference(_reference(look.reference, looks, ids=True))
    prompt = canonical_json(look.prompt)
    return (
        f'{{"group":{group},"images":[],"prompt":{prompt},"reference":{reference},"type":"prompt"}}'
    )


def compute_identity(ingredients: str) -> str:
    """Hash ingredients, given as canonical JSON, with the prompt folded."""
    return _hash(_fold(ingredients))


def current_identity(recorded: str, ingredients: str) -> str:
    """Return the identity of a recorded take, whichever version recorded it."""
    return recorded if _is_folded(ingredients) else compute_identity(ingredients)


def first_identity(identity: str, ingredients: str) -> str:
    """Return what the first version called a take of this identity: saved plans hold to that."""
    return identity if _is_folded(ingredients) else _hash(ingredients)


def _hash(ingredients: str) -> str:
    return sha256_hex(f"{TAG}\n{ingredients}".encode())


def _is_folded(ingredients: str) -> bool:
    """Return whether folding changes nothing; quick to answer for nearly every look there is.

    May be False where folding changes nothing after all.
    """
    if ingredients.isascii():
        return "\\" not in ingredients or _CONTROL_ESCAPES.search(ingredients) is None
    if _FOLDS_AWAY.search(ingredients) is not None:
        return False
    from unicodedata import is_normalized  # as late as in runner.folding

    return is_normalized("NFC", ingredients)


def _fold(ingredients: str) -> str:
    if _is_folded(ingredients):
        return ingredients
    value = json.loads(ingredients)
    prompt = value.get("prompt") if isinstance(value, dict) else None
    return (
        canonical_json(value | {"prompt": fold_text(prompt)})
        if isinstance(prompt, str)
        else ingredients
    )


def rename_references(ingredients: str, moves: Mapping[str, str]) -> str:
    """Return ingredients with look keys exchanged: which look is referenced stays the same look."""
    if not any(f'"look":{json.dumps(old)}' in ingredients for old in moves):
        return ingredients
    value = json.loads(ingredients)
    for field in ("reference", "group"):
        named = value.get(field)
        if isinstance(named, dict) and named.get("look") in moves:
            value[field] = {"look": moves[named["look"]]}
    return canonical_json(value)


def _reference(
    reference: Reference | None, looks: Mapping[str, Look], *, ids: bool
) -> dict[str, str] | None:
    if reference is None:
        return None
    if not isinstance(reference, LookRef):
        return {"id": reference.id}
    existing = looks[reference.look].existing if ids else None
    return {"id": existing} if existing else {"look": reference.look}


def _encode_reference(reference: dict[str, str] | None) -> str:
    if reference is None:
        return "null"
    ((kind, name),) = reference.items()
    return f'{{"{kind}":{canonical_json(name)}}}'


def _image(image: Image) -> str:
    # A file and the same content written as base64 are the same picture.
    if isinstance(image, FileImage | InlineImage):
        return f"sha256:{image.sha256}"
    return f"url:{image.url}" if isinstance(image, UrlImage) else f"asset:{image.asset_id}"

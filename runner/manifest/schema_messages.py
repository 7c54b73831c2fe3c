"""The words of shape errors: what belongs where, and what people write instead."""

import json
import re
from types import MappingProxyType
from typing import Any

from runner.manifest.yaml.nodes import Map

Path = tuple[str | int, ...]
"""Keys and indexes that lead to a value of the document."""

EXPECTED = MappingProxyType(
    {
        "string": "text",
        "integer": "a whole number",
        "number": "a number",
        "boolean": "`true` or `false`",
        "object": "a mapping (`key: value`)",
        "array": "a list (`- item`)",
    }
)
"""JSON Schema's types in the reader's words."""

RANGES = MappingProxyType(
    {
        "looks": "A mapping: each look's key, and its fields below: `navy-office: {prompt: ...}`.",
        "look": "Its fields go below its key: `prompt: ...`, and what else is wanted.",
        "matrix": "A list: begin each entry with `- id: ...`.",
        "base": "Write `base:` and below it `name: ...` and `photo: ...`.",
        "defaults": "Below it: `prompt_prefix`, `prompt_suffix`, `reference_images`, `tags`, ...",
        "variables": "Names and texts: `variables: {light: warm natural light}`.",
        "tags": "Write [office, spring]; a tag is up to 64 characters without commas.",
        "reference_images": "Write [assets/style.png].",
        "takes": "A whole number from 1 to 100.",
        "retries": "A whole number from 0 to 10.",
        "likeness": "Write `default`, or {warn: 0.5, hold: 0.6}.",
        "approval": "In a look `true`; at the top a list of looks: [base].",
        "warn": "A distance from 0 to 2, or `default`.",
        "hold": "A distance from 0 to 2, or `default`.",
        "pictures": "Write `photos` or `drawings`.",
        "max_looks": "A whole number from 1 to 1,000,000.",
        "avatar_id": "Write `{look: KEY}`, the id of a look, or `null`.",
        "avatar_group_id": "Write `{look: KEY}` or the id of a group.",
        "axes": "Write axes: {outfit: {blazer: a navy blazer}, setting: {office: an office}}.",
        "axis": "Value keys and texts, {blazer: a navy blazer}, or a list of texts.",
        "exclude": "A list of combinations: [{outfit: linen, setting: street}].",
        "include": "A list of combinations: [{outfit: linen, shoes: white sneakers}].",
        "zip": "The names of axes that advance together: [outfit, shoes].",
        "version": "Write `version: 1`.",
        "run_usd": "An amount in USD, as in `run_usd: 25`.",
        "campaign_usd": "An amount in USD, as in `campaign_usd: 100`.",
        "budget": "Write {run_usd: 25, campaign_usd: 100}.",
        "credits": "Write {creator: Jo Example, copyright: © 2026 Example Studio}.",
        "prices": "Write {photo: 1.00, prompt: 1.00}.",
    }
)
"""What a field takes, by its name."""

COMMON_MISTAKES = MappingProxyType(
    {
        ("top", "name"): "The campaign's name is `campaign`.",
        ("top", "photo"): "The photo belongs under `base`.",
        ("top", "prompt_suffix"): "Put it under `defaults`.",
        ("top", "prompt_prefix"): "Put it under `defaults`.",
        ("top", "axes"): "Axes belong to an entry of `matrix`.",
        ("look", "photo"): "Only the base is made from a photo; a look takes `reference_images`.",
        ("look", "id"): "A look's key is what stands before its colon.",
        ("look", "matrix"): "`matrix` stands at the top, beside `looks`.",
        ("matrix", "existing"): "A look that exists is declared by itself, under `looks`.",
        ("matrix", "key"): "The looks' keys are made by `id`.",
        ("look", "type"): "A look is of type `prompt`, or has `existing: ID`; nothing to say here.",
        ("base", "type"): "What the base is follows from `photo`, `prompt` or `avatar_id`.",
        ("base", "existing"): "For the base it is called `avatar_id`.",
        ("base", "file"): "It is called `photo` here.",
        ("base", "prompt_suffix"): "Prefix and suffix are for looks; write the base's prompt out.",
        ("image", "path"): "A file is named by its path alone: [assets/style.png].",
        ("image", "file"): "A file is named by its path alone: [assets/style.png].",
        ("", "image"): "Pictures are `reference_images`; the base's is `photo`.",
        ("", "images"): "They are called `reference_images`.",
        ("", "description"): "What the picture shows is the `prompt`.",
        ("", "text"): "What the picture shows is the `prompt`.",
        ("", "group"): "It is called `avatar_group_id`, as in the API.",
        ("", "group_id"): "It is called `avatar_group_id`, as in the API.",
        ("", "reference"): "It is called `avatar_id`, as in the API.",
        ("", "ref"): "It is called `avatar_id`, as in the API.",
        ("", "look_id"): "It is called `avatar_id`, as in the API.",
        ("", "parent"): "It is called `avatar_id`, as in the API.",
        ("", "count"): "How many candidates are bought is `takes`.",
        ("", "prefix"): "It is called `prompt_prefix`.",
        ("", "suffix"): "It is called `prompt_suffix`.",
    }
)
"""(place, key) → advice; an empty place holds everywhere."""


def bad_look_key(key: str) -> tuple[str, str]:
    """Return what is wrong with a look's key, and offer one that would do."""
    if key == "base":
        hint = "Name the look after its outfit or setting."
        return "`base` is the base's own key; a look cannot have it", hint
    hint = "Up to 64 of a-z, 0-9, `.`, `_` and `-`, beginning with a letter or digit"
    slug = re.sub(r"[^a-z0-9._]+", "-", key.lower()).strip("-._")[:64]
    hint += f": `{slug}`. Write `title:` for what people read." if slug else "."
    return f"`{key}` cannot be a look's key", hint


def conflict(key: str, mapping: Map) -> tuple[str, str]:
    """Return which other key excludes this one; empty where no key does."""
    kinds = ("existing", "photo", "prompt", "avatar_id", "url", "asset_id", "data")
    kind = next((kind for kind in kinds if kind in mapping and kind != key), None)
    if kind is None:
        return "", ""
    hint = f"Remove `{key}`, or `{kind}`."
    if kind == "existing":
        return f"a look that exists is not generated, so `{key}` has no meaning", hint
    return f"`{key}` does not go together with `{kind}`", hint


def out_of_range(name: str, error: Any) -> str:
    """Return which bound a value breaks."""
    value, limit = error.instance, error.validator_value
    match error.validator:
        case "const":
            return f"version {value} is not known; this lookbook reads version {limit}"
        case "minimum":
            return f"{name} is {value}; the least is {limit}"
        case "maximum":
            return f"{name} is {value}; the most is {limit:,}"
        case "minLength":
            return f"{name} is empty"
        case "maxLength":
            return f"{name} is longer than {limit} characters"
        case "minItems" | "minProperties":
            return f"{name} needs at least {'one value' if limit == 1 else 'two names'}"
        case "maxProperties":
            return f"{name} has more than one `key: text`"
        case _:
            return f"{name} cannot be `{value}`"


def place_of(path: Path) -> str:
    """Name the kind of mapping that a path leads to."""
    match path:
        case ("looks",) | ("base",):
            return str(path[0])
        case ("looks", _):
            return "look"
        case ("matrix", int()):
            return "matrix"
        case ("matrix", int(), "axes", _):
            return "axis"
        case (*_, "reference_images", int()) | ("base", "photo"):
            return "image"
        case _:
            return str(path[-1]) if path else "top"


def field_of(path: Path) -> str:
    """Return the last key on a path."""
    return next((step for step in reversed(path) if isinstance(step, str)), "")


def named(path: Path) -> str:
    """Name a value in words: ``prompt``, ``look navy-office``, ``entry 2 of tags``."""
    match path:
        case ("looks", str(key)):
            return f"look `{key}`"
        case ("base",):
            return "the base"
        case ("matrix", int(index)):
            return f"matrix entry {index + 1}"
        case (*_, str(field), int(index)):
            return f"entry {index + 1} of `{field}`"
        case (*_, last):
            return f"`{last}`"
        case _:
            return "the manifest"


def is_number(text: str) -> bool:
    """Return whether a text in quotes would be a number without them."""
    return re.fullmatch(r"\d+(\.\d+)?", text) is not None


def example_of(examples: list[Any]) -> str:
    """Write a schema's first example as YAML would."""
    example = examples[0]
    return example if isinstance(example, str) else json.dumps(example, ensure_ascii=False)

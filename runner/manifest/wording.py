"""The words of shape errors: what belongs where, and what people write instead."""

from types import MappingProxyType

__all__ = ["COMMON_MISTAKES", "EXPECTED", "RANGES"]

EXPECTED = MappingProxyType(
    {
        "string": "text",
        "integer": "a whole number",
        "number": "a number",
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

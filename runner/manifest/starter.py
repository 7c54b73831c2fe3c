"""A commented manifest to begin with: valid as it is, and worth reading once."""

import json
import re
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

from runner.manifest.yaml.scalars import resolve
from runner.shell import quote_command

SCHEMA_FILE = "lookbook.schema.json"
"""The schema beside a manifest, which editors complete and check it with."""

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 _./()'’–—é-]*(?:, [A-Za-z0-9 _./()'’–—é-]+)*\Z")
# What JSON leaves as it is and YAML does not allow, or reads as a line's end.
_UNSEEN = re.compile("[\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff]")

_BODY = """\
variables:                # names for ${...} in any text below
  light: soft window light

defaults:                 # what every look starts from
  prompt_suffix: ", ${light}"
  # takes: 2              # candidates for each look; each costs the full price
  # tags: [spring]

looks:                    # one entry a look: its key, then what it is
  navy-office:
    title: Navy blazer, office
    prompt: Wearing a navy blazer, modern office with plants
  navy-evening:
    title: Navy blazer, evening
    prompt: The same navy blazer, rooftop terrace at dusk, city lights behind
    avatar_id: {look: navy-office}     # made from that look instead of the base
  # someone-new:
  #   prompt: Man in his 30s, calm smile, denim shirt, bright workshop
  #   avatar_id: null                  # no reference: another face

matrix:                   # every combination of the axes is a look
  - id: "${outfit}-${setting}"
    title: "${outfit} / ${setting}"
    prompt: Wearing ${outfit.text}, ${setting.text}
    axes:
      outfit:
        linen: a cream linen suit
        knit: a chunky grey knit sweater
      setting:
        cafe: a corner table in a small café
        park: a park bench under autumn trees
    # exclude: [{outfit: knit, setting: park}]

# max_looks: 1000         # how many looks this file may make; counted before anything is made
# budget: {run_usd: 25, campaign_usd: 100}
# prices: {photo: 1.00, prompt: 1.00}
"""


def starter_manifest(campaign: str, file: str, *, name: str, photo: str | None) -> str:
    """Return a commented manifest; without a photo the base is born from a prompt."""
    return "\n".join([*manifest_head(campaign, file), *base_lines(name, photo), "", _BODY])


def manifest_head(campaign: str, file: str) -> list[str]:
    """Return a manifest's first lines; ``file`` is its name."""
    path = PurePath(file)
    return [
        f"# yaml-language-server: $schema={SCHEMA_FILE}",
        f"# Check it:            {quote_command('lookbook', 'validate', path)}",
        f"# Rehearse it, free:   {quote_command('lookbook', 'run', path, '--simulate')}",
        f"# What it would cost:  {quote_command('lookbook', 'plan', path)}",
        "version: 1",
        f"campaign: {scalar(campaign)}",
        "",
    ]


def base_lines(name: str, photo: str | None) -> Iterable[str]:
    """Return the base: a photo where there is one, else a prompt to replace."""
    yield "base:                     # who is on every picture"
    yield f"{f'  name: {scalar(name)}':25} # as HeyGen shows it; a new name is free"
    if photo is not None:
        yield f"  photo: {scalar(photo)}"
        return
    yield "  # photo: assets/presenter.png   # a photo (JPEG or PNG, 512 x 512 or larger), or"
    yield "  # avatar_id: look_abc123        # a look that you have already, or a description:"
    yield "  prompt: >-"
    yield "    Professional woman in her 40s, warm smile, cream silk blouse,"
    yield "    plain light-grey studio background, soft daylight"


def scalar(value: Any) -> str:
    """Write a text, number or nothing as a YAML scalar that every reader reads alike."""
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.match(value) and value == value.strip() and resolve(value) == value:
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return _UNSEEN.sub(lambda match: f"\\u{ord(match[0]):04X}", quoted)


def slug(text: str) -> str:
    """Make a look's key from what people write: ``Navy Blazer (Office)`` → navy-blazer-office."""
    import unicodedata

    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:64].rstrip("-")

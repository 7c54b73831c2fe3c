"""What travels with a run to the worker that carries it out: all that it needs but the key.

The manifest's text, its local pictures by content, the account by host and user, and the request
with the plan that a person agreed to. Pure: values in and out.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any

from runner.errors import UsageError
from runner.model import Campaign, FileImage
from runner.plan.request import Request
from runner.plan.saved_plan import read_saved_plan
from runner.takes import Account


class UnreadablePack(UsageError):
    """What is in the queue is no pack that this program understands."""

    def __init__(self) -> None:
        super().__init__(
            "What was queued cannot be read here: it was damaged, or another lookbook wrote it. "
            "Nothing was sent.",
            hint="Queue it again, with the lookbook that its workers have; a schedule: remove it "
            "and add it anew.",
        )


@dataclass(frozen=True, slots=True)
class Pack:
    """One run, ready to be carried out anywhere.

    ``file`` is the manifest's name, ``named`` how it was named by whoever queued it, in commands to
    copy. ``pictures`` maps what it says of a local picture to the
    picture's SHA-256, ``contents`` that to its bytes. ``plan`` is the saved plan. ``options`` are
    those of the request that no plan holds, ``refused`` among them: looks that the account spoke
    against, which are not bought whatever it says by then. ``most_usd`` is what the person agreed
    to spend at most.
    """

    account: Account
    campaign: str
    file: str
    named: str
    manifest: bytes
    pictures: Mapping[str, str]
    plan: Mapping[str, Any]
    options: Mapping[str, Any]
    most_usd: Decimal
    contents: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def to_json(self) -> str:
        """Return it without the contents of its pictures."""
        return json.dumps(
            {
                "account": [self.account.host, self.account.user, self.account.simulated],
                "campaign": self.campaign,
                "file": self.file,
                "named": self.named,
                "manifest": self.manifest.decode(),
                "pictures": dict(self.pictures),
                "plan": self.plan,
                "options": dict(self.options),
                "most_usd": str(self.most_usd),
            }
        )

    @classmethod
    def from_json(cls, text: str, contents: Mapping[str, bytes]) -> "Pack":
        """Return what was written; ``contents`` are its pictures. Raises UnreadablePack."""
        try:
            told = json.loads(text)
            host, user, simulated = told["account"]
            return cls(
                account=Account(host, user, simulated=simulated),
                campaign=told["campaign"],
                file=told["file"],
                named=str(told["named"]),
                manifest=told["manifest"].encode(),
                pictures={str(source): str(found) for source, found in told["pictures"].items()},
                plan=dict(told["plan"]),
                options=dict(told["options"]),
                most_usd=Decimal(told["most_usd"]),
                contents=contents,
            )
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
            raise UnreadablePack from error

    @property
    def depth(self) -> int:
        """Return how many folders the manifest lies below the highest that a picture lies in."""
        return max((_climb(source) for source in self.pictures), default=0)

    def request(self) -> Request:
        """Return the request as it was agreed to, without where its manifest lies."""
        options = dict(self.options)
        options.pop("on", None)
        usd, anew = options.pop("max_cost", None), options.pop("replan", False)
        refused = (*options.pop("refused", {}).items(),)
        max_cost = None if usd is None else Decimal(usd)
        asked = Request(max_cost=max_cost, yes=True, refused=refused, **options)
        asked = asked.as_saved(read_saved_plan(self.plan))
        return replace(asked, saved=None) if anew else asked

    def to_repeat(self) -> "Pack":
        """Return a pack that is planned anew each time, and bought as far as its ceiling goes."""
        options = {**self.options, "replan": True, "up_to_budget": True, "refused": {}}
        return replace(self, options=options, most_usd=Decimal(options["max_cost"]))


OPTIONS = ("up_to_budget", "concurrency", "wait", "form")
"""What of a request goes along as it is; ``max_cost`` does as text."""


def pack_run(
    campaign: Campaign,
    account: Account,
    request: Request,
    plan: Mapping[str, Any],
    *,
    pictures: Mapping[str, bytes],
    most: Decimal,
    on: Sequence[str] = (),
) -> Pack:
    """Pack a run that was agreed to. ``pictures`` maps what the manifest says of one to its bytes.

    The manifest's text is the one that was planned with, whatever the file holds by now.
    ``plan`` is the saved plan, ``on`` the option that names the database in commands to copy.
    Raises UsageError where a picture is not what was planned with.
    """
    sums = {image.source: image.sha256 for image in list_files(campaign)}
    for source, content in pictures.items():
        if sha256(content).hexdigest() != sums[source]:
            raise UsageError(f"{source} was changed while this was planned.", hint="Run it again.")
    options = {name: getattr(request, name) for name in OPTIONS}
    options |= {"refused": dict(request.refused), "on": [*on]}
    if request.max_cost is not None:
        options["max_cost"] = str(request.max_cost)
    return Pack(
        account=account,
        campaign=campaign.name,
        file=request.manifest.name,
        named=str(request.manifest),
        manifest=campaign.text.encode(),
        pictures=sums,
        plan=plan,
        options=options,
        most_usd=most,
        contents={sums[source]: content for source, content in pictures.items()},
    )


def list_files(campaign: Campaign) -> list[FileImage]:
    """Return the local pictures that a manifest names, each once."""
    images = {
        image.source: image
        for look in campaign.looks
        for image in (look.photo, *look.images)
        if isinstance(image, FileImage)
    }
    return [*images.values()]


def explain_unpackable(campaign: Campaign, request: Request) -> str | None:
    """Return why a run cannot be carried out elsewhere; None where it can."""
    if request.basket:
        return "what was chosen on the review page is bought where it was chosen"
    if request.out is not None or request.summary is not None:
        return "--out and --summary write files on this machine"
    if request.store is not None and request.store.option:
        return "--store is for this process, and a worker copies into a store of its own"
    if request.new_ledger:
        return "--new-ledger is an answer that only you can give"
    if campaign.manifest.name != request.manifest.name:
        return "the manifest came through a pipe"
    for image in list_files(campaign):
        path = PurePosixPath(image.source)
        if path.is_absolute() or image.source.startswith("~") or "\\" in image.source:
            return f"{image.source} is no path relative to the manifest"
    return None


def _climb(source: str) -> int:
    """Return how many folders a relative path leads up at most."""
    level = lowest = 0
    for part in PurePosixPath(source).parts:
        level += {"..": -1, ".": 0}.get(part, 1)
        lowest = min(lowest, level)
    return -lowest

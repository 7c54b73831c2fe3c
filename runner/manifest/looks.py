"""Drafts → looks: defaults, templates and images put in, each look a value of the model."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.manifest.diagnostics import Findings
from runner.manifest.document import Map, Seq
from runner.manifest.images import BadImage, Images
from runner.manifest.matrix import Combination
from runner.manifest.template import Scope, names_in
from runner.model import BASE, Image, LiteralRef, Look, LookKind, LookRef, Reference

__all__ = ["LONGEST_PROMPT", "Builder", "Draft", "join"]

LONGEST_PROMPT = 1000
"""Characters of a prompt as it is sent (API page)."""

_BASE_REF = LookRef(BASE)
_SPACES = re.compile(r"[ \t\r\n]+")
_CLOSERS = tuple(",.;:!?)]}")


@dataclass(slots=True)
class Draft:
    """A look before its texts are put in: its fields, and where they come from.

    ``mark`` is the place of its declaration; ``combination`` and ``matrix`` say which matrix made
    it, and ``scope`` what names stand for there.
    """

    key: str
    fields: Map
    mark: int
    scope: Scope
    combination: Combination | None = None
    matrix: str | None = None

    def at(self, field: str) -> int:
        """Give the place of a field, or the look's own where it does not give the field."""
        return self.fields.at(field) if field in self.fields else self.mark


class Builder:
    """Makes the looks of one campaign."""

    def __init__(self, base_name: str, defaults: Map, images: Images, findings: Findings) -> None:
        self.base_name = base_name
        self.defaults = defaults
        self.images = images
        self.findings = findings

    def look(self, draft: Draft) -> Look:
        """Make one look. What is wrong is reported, and left out of it."""
        fields, key, combination = draft.fields, draft.key, draft.combination
        title = self.text(draft, "title", fields["title"]) if "title" in fields else key
        axes = combination.axes if combination else ()
        line = (draft.mark >> 32) + 1
        if "existing" in fields:
            existing = self.text(draft, "existing", fields["existing"])
            tags = self.tags(draft)
            return Look(
                key, LookKind.EXISTING, title, None, existing=existing, tags=tags, line=line
            )
        if "name" in fields:
            name = self.text(draft, "name", fields["name"], title=title)
        else:
            name = f"{self.base_name} — {title}"
        defaults = self.defaults
        written = fields.get("reference_images", defaults.get("reference_images"))
        return Look(
            key,
            LookKind.PROMPT,
            title,
            name,
            self.prompt(draft, title),
            None,
            None,
            self.reference(draft, "avatar_id") if "avatar_id" in fields else _BASE_REF,
            self.reference(draft, "avatar_group_id") if "avatar_group_id" in fields else None,
            self.pictures(draft, written) if written else (),
            int(fields.get("takes", defaults.get("takes", 1))),
            int(fields.get("retries", defaults.get("retries", 0))),
            self.tags(draft),
            draft.matrix,
            axes,
            line,
        )

    def base(self, fields: Map, mark: int, scope: Scope) -> Look:
        """Make the base."""
        draft = Draft(BASE, fields, mark, scope)
        title = self.text(draft, "title", fields["title"]) if "title" in fields else self.base_name
        kind, prompt, photo = LookKind.PHOTO, None, None
        if "photo" in fields:
            photo = self.picture(draft, fields["photo"], fields.at("photo"), photo=True)
        elif "prompt" in fields:
            kind, prompt = LookKind.PROMPT, self.prompt(draft, title)
        else:
            kind = LookKind.EXISTING
        written = fields.get("reference_images", ())
        return Look(
            BASE,
            kind,
            title,
            None if kind is LookKind.EXISTING else self.base_name,
            prompt,
            photo,
            self.text(draft, "avatar_id", fields["avatar_id"]) if "avatar_id" in fields else None,
            None,
            self.reference(draft, "avatar_group_id") if "avatar_group_id" in fields else None,
            self.pictures(draft, written) if written else (),
            int(fields.get("takes", 1)),
            int(fields.get("retries", 0)),
            self.tags(draft),
            line=(mark >> 32) + 1,
        )

    # --- texts ---------------------------------------------------------------------------------

    def text(
        self, draft: Draft, field: str, text: str, *, mark: int | None = None, **names: str
    ) -> str:
        """Put a text's names in; ``names`` are known in this text alone."""
        if "$" not in text:
            return text
        scope = draft.scope.child(literals={"key": draft.key, **names})
        expanded, problems = scope.expand(text)
        for problem in problems:
            self.findings.report(
                problem.code,
                problem.message,
                draft.at(field) if mark is None else mark,
                look=draft.key,
                hint=problem.hint,
                needle=problem.needle,
                fold=draft.combination is not None,
            )
        return expanded

    def prompt(self, draft: Draft, title: str) -> str | None:
        """Give the prompt as it is sent: prefix, text and suffix, with white space made even."""
        parts = self.parts(draft)
        if not parts:
            return None
        texts = [self.text(draft, field, text, mark=mark, title=title)
                 for field, text, mark in parts]  # fmt: skip
        prompt = join(texts)
        if not prompt:
            message = "the prompt is empty once everything is put in"
            self.findings.report("prompt-empty", message, draft.at("prompt"), look=draft.key,
                                 hint="Say what the picture shows.")  # fmt: skip
            return None
        if len(prompt) > LONGEST_PROMPT:
            self.too_long(draft, prompt, parts, texts)
        return prompt

    def parts(self, draft: Draft) -> list[tuple[str, str, int]]:
        """Give what the prompt is made of: the field, its text, and its place."""
        fields = draft.fields
        prompt = fields.get("prompt")
        if prompt is None:
            return []
        if draft.key == BASE:
            return [("prompt", prompt, fields.at("prompt"))]
        parts = []
        for field in ("prompt_prefix", "prompt", "prompt_suffix"):
            owner = fields if field in fields else self.defaults
            if owner.get(field):
                parts.append((field, owner[field], owner.at(field)))
            elif field == "prompt":
                parts.append((field, prompt, draft.at(field)))
        return parts

    def too_long(
        self, draft: Draft, prompt: str, parts: Sequence[tuple[str, str, int]], texts: list[str]
    ) -> None:
        """Say how long the prompt is, and which part came from where."""
        shares = []
        for (field, written, mark), text in zip(parts, texts, strict=True):
            share = f"{len(text):,} from `{field}`"
            if field != "prompt":
                share += f" (line {(mark >> 32) + 1})"
            expanded = [(name, draft.scope.expand(f"${{{name}}}")[0]) for name in names_in(written)]
            if expanded:
                longest = sorted(expanded, key=lambda pair: -len(pair[1]))[:3]
                named = ", ".join(f"{len(value):,} by `${{{name}}}`" for name, value in longest)
                share += f", of which {named}"
            shares.append(share)
        over = len(prompt) - LONGEST_PROMPT
        self.findings.report(
            "prompt-too-long",
            f"the prompt has {len(prompt):,} characters and the API takes {LONGEST_PROMPT:,}: "
            + "; ".join(shares),
            draft.at("prompt"),
            look=draft.key,
            hint=f"Take {over:,} characters out.",
            fold=draft.combination is not None,
        )

    def tags(self, draft: Draft) -> tuple[str, ...]:
        """Give defaults' tags, the look's own and its axis values, each once."""
        own, fields = draft.fields.get("tags"), draft.fields
        inherited = () if draft.key == BASE else self.defaults.get("tags", ())
        if not own and not inherited and draft.combination is None:
            return ()
        tags = [self.text(draft, "tags", tag, mark=self.defaults.at("tags")) for tag in inherited]
        tags += [self.text(draft, "tags", tag, mark=fields["tags"].at(position))
                 for position, tag in enumerate(own or ())]  # fmt: skip
        if draft.combination is not None:
            tags += [key for _, key in draft.combination.axes if "," not in key]
        return tuple(dict.fromkeys(tags))

    # --- references and images -----------------------------------------------------------------

    def reference(self, draft: Draft, field: str) -> Reference | None:
        """Read ``avatar_id`` or ``avatar_group_id``."""
        value = draft.fields[field]
        if value is None:
            return None
        if isinstance(value, str):
            return LiteralRef(self.text(draft, field, value))
        key = self.text(draft, field, value["look"], mark=value.at("look"))
        return _BASE_REF if key == BASE else LookRef(key)

    def pictures(self, draft: Draft, written: Sequence[Any]) -> tuple[Image, ...]:
        """Resolve reference images."""
        marks: Callable[[int], int] = (
            written.at if isinstance(written, Seq) else lambda _: draft.mark
        )
        found = []
        for position, item in enumerate(written):
            image = self.picture(draft, item, marks(position))
            if image is None:
                continue
            if image in found:
                message = "this reference image is in the list already"
                self.findings.report("repeated-image", message, marks(position), look=draft.key)
            found.append(image)
        return tuple(found)

    def picture(
        self, draft: Draft, written: str | Mapping[str, Any], mark: int, *, photo: bool = False
    ) -> Image | None:
        """Resolve one picture, or report why it cannot be used."""
        if isinstance(written, str):
            entry: str | dict[str, Any] = self.text(draft, "reference_images", written, mark=mark)
        else:
            entry = {
                name: self.text(draft, "reference_images", text, mark=mark)
                if name in ("url", "asset_id")
                else text
                for name, text in written.items()
            }
        try:
            return self.images.resolve(entry, photo=photo)
        except BadImage as error:
            self.findings.report(
                error.code,
                error.message,
                mark,
                look=draft.key,
                hint=error.hint,
                fold=draft.combination is not None,
            )
            return None


def join(parts: Sequence[str]) -> str:
    """Join prefix, prompt and suffix, and make white space even.

    A space goes between two parts that have none there, unless the second begins with a mark such
    as a comma. Line breaks and runs of spaces become one space: how a prompt is laid out in the
    file is no part of what is paid for.
    """
    text = ""
    for part in parts:
        stripped = _SPACES.sub(" ", part).strip(" ")
        if text and stripped and not stripped.startswith(_CLOSERS):
            text += " "
        text += stripped
    return text

"""Drafts → looks: defaults, templates and images put in, each look a value of the model."""

from typing import Any

from runner.manifest.diagnostics import Findings
from runner.manifest.draft import Draft, join_prompt, normalize_spaces
from runner.manifest.images import BadImage, ImageReader, image_identity
from runner.manifest.likeness import read_likeness
from runner.manifest.look_reports import (
    LONGEST_NAME,
    LONGEST_PROMPT,
    check_name,
    is_clean,
    report_control_character,
    report_empty_prompt,
    report_long_prompt,
)
from runner.manifest.template import Problem, Scope
from runner.manifest.yaml.nodes import Map, Seq
from runner.manifest.yaml.source import line_of
from runner.model import BASE, Image, LiteralRef, Look, LookKind, LookRef, Reference

Place = tuple[Map, str] | tuple[Seq, int]
"""Where a text stands, worked out only when there is something to say."""

BASE_REF = LookRef(BASE)
_ADDED = frozenset({"prompt_prefix", "prompt_suffix"})
_MAY_BE_EMPTY = frozenset({*_ADDED, "prompt"})  # an empty prompt has words of its own
_OWN_NAMES = frozenset({"key", "title"})


class Builder:
    """Makes the looks of one campaign."""

    def __init__(
        self, base_name: str, defaults: Map, scope: Scope, images: ImageReader, findings: Findings
    ) -> None:
        self.base_name = base_name
        self.scope = scope
        self._constant: dict[str, str] = {}
        self.defaults = defaults
        self.images = images
        self.findings = findings
        self.bare = _ADDED.isdisjoint(defaults)
        self._takes = int(defaults.get("takes", 1))
        self._retries = int(defaults.get("retries", 0))
        self._likeness = read_likeness(defaults.get("likeness"))
        self._approval: bool = defaults.get("approval", False)

    def look(self, draft: Draft) -> Look:
        """Make one look. What is wrong is reported, and left out of it."""
        fields, key, combination = draft.fields, draft.key, draft.combination
        title = self.text(draft, fields["title"], (fields, "title")) if "title" in fields else key
        if not is_clean(title):
            report_control_character(self.findings, draft, "title", title)
        axes = combination.axes if combination else ()
        line = line_of(draft.mark)
        if "existing" in fields:
            existing = self.text(draft, fields["existing"], (fields, "existing"))
            return Look(
                key,
                LookKind.EXISTING,
                title,
                None,
                existing=existing,
                tags=self.tags(draft),
                line=line,
                approval=fields.get("approval", self._approval),
            )
        if "name" in fields:
            name = self.text(draft, fields["name"], (fields, "name"), title)
        else:
            name = f"{self.base_name} — {title}"
        if len(name) > LONGEST_NAME or not is_clean(name):
            check_name(self.findings, draft, name, title)
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
            self.reference(draft, "avatar_id") if "avatar_id" in fields else BASE_REF,
            self.reference(draft, "avatar_group_id") if "avatar_group_id" in fields else None,
            self.pictures(draft, written) if written else (),
            int(fields["takes"]) if "takes" in fields else self._takes,
            int(fields["retries"]) if "retries" in fields else self._retries,
            self.tags(draft) if "tags" in fields or combination or "tags" in defaults else (),
            draft.matrix,
            axes,
            line,
            read_likeness(fields["likeness"]) if "likeness" in fields else self._likeness,
            fields.get("approval", self._approval),
        )

    def base(self, fields: Map, mark: int, scope: Scope) -> Look:
        """Make the base."""
        draft = Draft(BASE, fields, mark, scope)
        title = (
            self.text(draft, fields["title"], (fields, "title"))
            if "title" in fields
            else self.base_name
        )
        check_name(self.findings, draft, self.base_name, "")
        if not is_clean(title) and title != self.base_name:
            report_control_character(self.findings, draft, "title", title)
        kind, prompt, photo = LookKind.PHOTO, None, None
        if "photo" in fields:
            photo = self.picture(draft, fields["photo"], (fields, "photo"), photo=True)
        elif "prompt" in fields:
            kind, prompt = LookKind.PROMPT, self.prompt(draft, title)
        else:
            kind = LookKind.EXISTING
        written = fields.get("reference_images")
        return Look(
            BASE,
            kind,
            title,
            None if kind is LookKind.EXISTING else self.base_name,
            prompt,
            photo,
            self.text(draft, fields["avatar_id"], (fields, "avatar_id"))
            if "avatar_id" in fields
            else None,
            None,
            self.reference(draft, "avatar_group_id") if "avatar_group_id" in fields else None,
            self.pictures(draft, written) if written else (),
            int(fields.get("takes", 1)),
            int(fields.get("retries", 0)),
            self.tags(draft),
            line=line_of(mark),
            approval=fields.get("approval", False),
        )

    def report(self, draft: Draft, code: str, message: str, mark: int, **more: Any) -> None:
        """Report what is wrong with a look; of those of a matrix, once for all that are alike."""
        fold = draft.combination is not None
        self.findings.report(code, message, mark, look=draft.key, fold=fold, **more)

    # --- texts ---------------------------------------------------------------------------------

    def text(self, draft: Draft, text: str, place: Place, title: str | None = None) -> str:
        """Substitute a text's names; ``${title}`` is known where it is handed in."""
        if "$" not in text:
            return text
        shared = draft.scope is self.scope
        if shared and text in self._constant:
            return self._constant[text]
        expanded, problems = draft.scope.expand(text, own_names(draft, title))
        if not problems and not expanded.strip() and place[1] not in _MAY_BE_EMPTY:
            message = "nothing is left of this once everything is put in"
            problems = [Problem("bad-value", message, text, "Give the variable a text.")]
        for problem in problems:
            more = {"hint": problem.hint, "needle": problem.needle}
            self.report(draft, problem.code, problem.message, _at(place), **more)
        if shared and not problems and not draft.scope.depends(text, _OWN_NAMES):
            self._constant[text] = expanded
        return expanded

    def prompt(self, draft: Draft, title: str) -> str | None:
        """Return the prompt as it is sent: prefix, text and suffix, with white space made even."""
        fields = draft.fields
        if self.bare and _ADDED.isdisjoint(fields) and "prompt" in fields:
            # Most prompts of a large manifest are just that, and nothing is wrong with them.
            text = normalize_spaces(fields["prompt"])
            if text and "$" not in text and len(text) <= LONGEST_PROMPT and is_clean(text):
                return text
        parts = list_parts(draft, self.defaults)
        if not parts:
            return None
        before = self.findings.errors
        texts = [self.text(draft, text, (owner, field), title) for field, text, owner in parts]
        if self.findings.errors > before:
            return None
        prompt = join_prompt(texts)
        if not normalize_spaces(texts[[field for field, _, _ in parts].index("prompt")]):
            report_empty_prompt(self.findings, draft)
            return None
        if not is_clean(prompt):
            report_control_character(self.findings, draft, "prompt", prompt)
        if len(prompt) > LONGEST_PROMPT:
            report_long_prompt(
                self.findings, draft, prompt, parts, texts, own=own_names(draft, title)
            )
        return prompt

    def tags(self, draft: Draft) -> tuple[str, ...]:
        """Return defaults' tags, the look's own and its axis values, each once."""
        own: Seq | None = draft.fields.get("tags")
        inherited = () if draft.key == BASE else self.defaults.get("tags", ())
        if not own and not inherited and draft.combination is None:
            return ()
        tags = [self.text(draft, tag, (self.defaults, "tags")) for tag in inherited]
        if own:
            tags += [self.text(draft, tag, (own, position)) for position, tag in enumerate(own)]
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
            return LiteralRef(self.text(draft, value, (draft.fields, field)))
        if "look" not in value:
            return None
        key = self.text(draft, value["look"], (value, "look"))
        return BASE_REF if key == BASE else LookRef(key)

    def pictures(self, draft: Draft, written: Seq) -> tuple[Image, ...]:
        """Resolve reference images."""
        found: list[Image] = []
        for position, item in enumerate(written):
            image = self.picture(draft, item, (written, position))
            if image is None:
                continue
            if image_identity(image) in map(image_identity, found):
                message, mark = "this reference image is in the list already", written.at(position)
                self.findings.report("repeated-image", message, mark, look=draft.key)
            found.append(image)
        return tuple(found)

    def picture(
        self, draft: Draft, written: str | Map, place: Place, *, photo: bool = False
    ) -> Image | None:
        """Resolve one picture, or report why it cannot be used."""
        if isinstance(written, str):
            entry: str | dict[str, Any] = self.text(draft, written, place)
        else:
            entry = {
                name: self.text(draft, text, (written, name)) if name != "data" else text
                for name, text in written.items()
            }
            if (
                not entry.keys() & {"url", "asset_id"}
                and not {"data", "media_type"} <= entry.keys()
            ):
                return None  # the schema has told what is missing
        try:
            image = self.images.resolve(entry, photo=photo)
        except BadImage as error:
            self.report(draft, error.code, error.message, _at(place), hint=error.hint)
            return None
        for doubt in self.images.doubts(image):
            self.findings.report(
                doubt.code,
                doubt.message,
                _at(place),
                look=draft.key,
                hint=doubt.hint,
                about=image_identity(image),
            )
        return image


def _at(place: Place) -> int:
    """Return the mark of a text's place."""
    parent, key = place
    return parent.at(key)  # type: ignore[arg-type]  # a Place pairs them


def list_parts(draft: Draft, defaults: Map) -> list[tuple[str, str, Map]]:
    """Return what a prompt is made of: the field, its text, and the mapping that gives it."""
    fields = draft.fields
    if "prompt" not in fields:
        return []
    parts = [("prompt", fields["prompt"], fields)]
    if draft.key == BASE:
        return parts
    for field, place in (("prompt_prefix", 0), ("prompt_suffix", len(parts) + 1)):
        owner = fields if field in fields else defaults
        text = owner.get(field)
        if text:
            parts.insert(place, (field, text, owner))
    return parts


def own_names(draft: Draft, title: str | None) -> dict[str, str]:
    """Return the names that a look's own texts know."""
    return {"key": draft.key} if title is None else {"key": draft.key, "title": title}

"""A checked document → the campaign: base, looks and matrices expanded, and held to the rules."""

from collections import ChainMap
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from runner.manifest.build import Builder
from runner.manifest.diagnostics import Findings
from runner.manifest.draft import Draft
from runner.manifest.images import ImageReader
from runner.manifest.matrix import Axes, count_combinations, expand_axes, read_axes
from runner.manifest.references import suggestion
from runner.manifest.rules import check_rules
from runner.manifest.template import Scope
from runner.manifest.text_hints import check_axis_texts, check_placeholders, check_written
from runner.manifest.yaml.nodes import Map
from runner.manifest.yaml.source import Source, line_of
from runner.model import BASE, Budget, Campaign, Credits, Look, Matrix, Prices
from runner.suggest import suggest

DEFAULT_MAX_LOOKS = 1000
"""Looks that a manifest may make unless it says otherwise (``docs/manifest.md#at-the-top``)."""

_RESERVED = frozenset({"base", "campaign", "key", "title"})
_LOOK_KEY_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._-")


def expand_campaign(
    document: Map, source: Source, variables: Mapping[str, str], findings: Findings
) -> Campaign | None:
    """Build the campaign; None where there is nothing to build from. Reports all that is wrong."""
    return _Campaign(document, source, variables, findings).build()


def expand_drafts(
    document: Map, source: Source, variables: Mapping[str, str], findings: Findings
) -> dict[str, Draft]:
    """Return what each look is made of, before its texts are put in; the base comes last."""
    campaign = _Campaign(document, source, variables, findings)
    campaign.build()
    return campaign.drafts


class _Campaign:
    def __init__(
        self, document: Map, source: Source, variables: Mapping[str, str], findings: Findings
    ) -> None:
        self.document = document
        self.source = source
        self.variables = variables
        self.findings = findings
        self.defaults: Map = document.get("defaults", Map())
        self.drafts: dict[str, Draft] = {}
        self.matrices: list[Matrix] = []
        self.whole = True

    def build(self) -> Campaign | None:
        document, findings = self.document, self.findings
        base: Map = document.get("base", Map())
        scope = self.scope(base)
        campaign = self.whole_text(document, "campaign", scope)
        base_name = self.whole_text(base, "name", scope)
        if not self.expand(scope):
            return None
        images = ImageReader(self.source.path.parent)
        builder = Builder(base_name, self.defaults, scope, images, findings)
        looks: dict[str, Look] = {}
        if "base" in document:
            mark = document.key_at("base")
            looks[BASE] = builder.base(base, mark, scope)
        for key, draft in self.drafts.items():
            looks[key] = builder.look(draft)
        self.require_approval(looks)
        if "base" in document:
            self.drafts[BASE] = Draft(BASE, base, document.key_at("base"), scope)
        check_rules(looks, self.drafts, findings, whole=self.whole)
        check_written(document, self.source, findings)
        check_placeholders(self.drafts, self.defaults, findings)
        self.check_variables(scope)
        if not document.get("looks") and not document.get("matrix") and not findings.errors:
            message = "only the base is declared, no looks"
            findings.report("no-looks", message, 0, hint="Add `looks:` or `matrix:`.")
        return Campaign(
            campaign,
            self.source.path,
            tuple(looks.values()),
            Budget(**_amounts(document.get("budget", {}))),
            Prices(**_amounts(document.get("prices", {}))),
            tuple(self.matrices),
            given=tuple(sorted(self.variables.items())),
            has_variables=bool(document.get("variables")),
            credits=self.credits(scope),
            text=self.source.text,
        )

    def require_approval(self, looks: dict[str, Look]) -> None:
        """Mark the looks that ``approval`` lists; report each key that no look has."""
        listed: Sequence[str] = self.document.get("approval", ())
        for position, key in enumerate(listed):
            if key in looks:
                looks[key] = looks[key]._replace(approval=True)
            elif self.whole:
                mark = self.document["approval"].at(position)
                hint = suggestion(key, looks)
                message = f"there is no look `{key}` that could be approved"
                self.findings.report("unknown-look", message, mark, hint=hint)

    def scope(self, base: Map) -> Scope:
        """Return what names stand for everywhere."""
        declared: Map = self.document.get("variables", Map())
        self.check_reserved(declared)
        names = {"base.name": base.get("name", ""), "campaign": self.document.get("campaign", "")}
        # What the command line gives is taken as it is: `${` in it means nothing.
        given = {name: text.replace("${", "$${") for name, text in self.variables.items()}
        return Scope(ChainMap({**declared, **given, **names}))

    def whole_text(self, owner: Map, field: str, scope: Scope) -> str:
        """Substitute the names of a text that belongs to no look; empty where it is not given."""
        if field not in owner:
            return ""
        text, problems = scope.expand(owner[field])
        for problem in problems:
            self.findings.report(problem.code, problem.message, owner.at(field),
                                 hint=problem.hint, needle=problem.needle)  # fmt: skip
        return text

    def credits(self, scope: Scope) -> Credits:
        """Return who made the pictures, as far as the manifest says it."""
        written: Map = self.document.get("credits", Map())
        return Credits(**{field: self.whole_text(written, field, scope) for field in written})

    def check_reserved(self, names: Map) -> None:
        for name in names:
            if name in _RESERVED:
                message = f"`{name}` has a meaning of its own in texts"
                self.findings.report("reserved-name", message, names.key_at(name),
                                     hint="Give it another name.")  # fmt: skip

    def check_variables(self, scope: Scope) -> None:
        """Report each ``--var`` that nothing declares or uses: it is a spelling mistake."""
        declared = self.document.get("variables", {})
        for name in self.variables:
            if name in declared or name in scope.used:
                continue
            meant = suggest(name, declared)
            mark = self.document.key_at("variables") if "variables" in self.document else 0
            hint = f"Did you mean `{meant[0]}`?" if meant else "Declare it under `variables:`."
            message = f"`--var {name}=...` sets a variable that nothing declares or uses"
            self.findings.report("unknown-variable", message, mark, hint=hint)

    # --- looks and matrices --------------------------------------------------------------------

    def expand(self, scope: Scope) -> bool:
        """Collect the drafts of all looks; False where there would be too many of them."""
        looks: Map = self.document.get("looks", Map())
        entries = self.document.get("matrix", ())
        axes = [read_axes(entry, self.findings) for entry in entries]
        if not self.check_count(
            looks, [count_combinations(*pair) for pair in zip(entries, axes, strict=True)]
        ):
            return False
        marks = looks.marks
        for position, (key, fields) in enumerate(looks.items()):
            if key.startswith("x-"):
                self.findings.report(
                    "x-key-is-a-look",
                    f"`{key}` is a look like any other, and is paid for",
                    marks[2 * position],
                    look=key,
                    hint="Keys for anchors stand at the top of the manifest, not among the looks.",
                )
            own = fields.get("variables")
            if own:
                self.check_reserved(own)
            mine = scope.child(own) if own else scope
            self.drafts[key] = Draft(key, fields, marks[2 * position], mine)
        for position, (entry, entry_axes) in enumerate(zip(entries, axes, strict=True)):
            self.expand_entry(entry, entries.at(position), entry_axes, scope)
        return True

    def check_count(self, looks: Map, sizes: list[int]) -> bool:
        """Report looks beyond ``max_looks``; return whether there are none."""
        limit = int(self.document.get("max_looks", DEFAULT_MAX_LOOKS))
        count = len(looks) + sum(sizes)
        if count <= limit:
            return True
        document = self.document
        place = next(name for name in ("max_looks", "matrix", "looks") if name in document)
        parts = [f"{len(looks):,} under `looks`"] if looks else []
        parts += [f"{made:,} by matrix entry {number}" for number, made in enumerate(sizes, 1)]
        self.findings.report(
            "too-many-looks",
            f"this makes {count:,} looks ({', '.join(parts)}) and `max_looks` allows {limit:,}",
            document.at(place),
            hint=f"If that is meant, write `max_looks: {count}`. Each look costs money.",
        )
        return False

    def expand_entry(self, entry: Map, mark: int, axes: Axes, scope: Scope) -> None:
        if "id" not in entry:
            self.whole = False
            return
        if "axes" in entry:
            self.check_reserved(entry["axes"])
        own = entry.get("variables", Map())
        self.check_reserved(own)
        check_axis_texts(entry, axes, self.defaults, mark, self.findings)
        name = entry["id"]
        taken = sum(matrix.id.partition(" #")[0] == name for matrix in self.matrices)
        name = f"{name} #{taken + 1}" if taken else name
        values: dict[str, dict[str, None]] = {axis: dict.fromkeys(axes[axis]) for axis in axes}
        before = self.findings.errors
        made = expand_axes(entry, axes, self.findings)
        self.whole = self.whole and self.findings.errors == before
        for combination in made:
            mine = scope.child({**own, **combination.templates}, combination.literals)
            for axis, key in combination.axes:
                values[axis][key] = None
            key_of_look = self.key_of(entry, mine)
            if key_of_look is None:
                self.whole = False
            else:
                draft = Draft(key_of_look, entry, mark, mine, combination, name)
                self.drafts[key_of_look] = draft
        self.matrices.append(
            Matrix(name, tuple((axis, tuple(keys)) for axis, keys in values.items()))
        )

    def key_of(self, entry: Map, scope: Scope) -> str | None:
        """Make a look's key from a matrix entry's ``id``; None where it cannot be one."""
        findings, mark = self.findings, entry.at("id")
        key, problems = scope.expand(entry["id"])
        for problem in problems:
            findings.report(problem.code, problem.message, mark, hint=problem.hint,
                            needle=problem.needle, fold=True)  # fmt: skip
        if problems:
            return None
        if not _is_key(key):
            hint = (
                "Keys are up to 64 of a-z, 0-9, `.`, `_` and `-`. Give axis values short keys"
                " and long texts, as in {blazer: a navy blazer}."
            )
            message = f"`id` makes `{key}`, which cannot be a look's key"
            findings.report("bad-key", message, mark, hint=hint, fold=True)
            return None
        if key in self.drafts:
            other = self.drafts[key]
            findings.report(
                "duplicate-look",
                f"`id` makes the key `{key}`, which a look on line {line_of(other.mark)} has",
                mark,
                look=key,
                hint="Use every axis in `id`, and no key that `looks` has.",
                fold=True,
            )
            return None
        return key


def _is_key(key: str) -> bool:
    return (
        0 < len(key) <= 64
        and key != BASE
        and key[0] not in "._-"
        and _LOOK_KEY_CHARACTERS.issuperset(key)
    )


def _amounts(written: Mapping[str, Any]) -> dict[str, Decimal]:
    return {name: Decimal(str(amount)) for name, amount in written.items()}

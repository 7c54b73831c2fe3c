"""Rules about looks together: what the API documents and no field shows (docs/api-facts.md)."""

from collections.abc import Mapping

from runner.folding import fold_text
from runner.manifest.build import BASE_REF
from runner.manifest.diagnostics import Findings
from runner.manifest.draft import Draft
from runner.manifest.images import image_identity
from runner.manifest.prompt_hints import check_prompt
from runner.manifest.references import Groups, find_cycles, group_of, groups_differ, suggestion
from runner.model import BASE, LiteralRef, Look, LookRef, Reference


def check_rules(
    looks: Mapping[str, Look], drafts: Mapping[str, Draft], findings: Findings, *, whole: bool
) -> None:
    """Check every look against the others; ``looks`` holds the base first.

    ``whole`` is False where some looks could not be made, so that a missing key proves nothing.
    """
    rules = _Rules(looks, drafts, findings)
    if whole:
        rules.references_exist()
    if rules.referring:
        rules.no_circles()
    rules.groups_agree()
    rules.faces_are_kept()
    rules.names_are_unique()
    rules.requests_differ()
    if findings.hints:
        for look in looks.values():
            if look.prompt is not None:
                check_prompt(look, drafts[look.key], findings)


class _Rules:
    def __init__(
        self, looks: Mapping[str, Look], drafts: Mapping[str, Draft], findings: Findings
    ) -> None:
        self.looks = looks
        self.drafts = drafts
        self.findings = findings
        # Most looks reference the base and say nothing of a group: nothing can be wrong with that.
        self.referring = [
            look for look in looks.values() if look.reference is not BASE_REF or look.group
        ]

    def report(
        self, code: str, message: str, look: Look, field: str, hint: str, *, at_key: bool = False
    ) -> None:
        draft = self.drafts[look.key]
        mark = draft.at_key_in(field) if at_key else draft.at(field)
        fold = draft.combination is not None
        self.findings.report(code, message, mark, look=look.key, hint=hint, fold=fold)

    def references_exist(self) -> None:
        """Check that every ``{look: KEY}`` is a look, and that no literal id is one's key."""
        known = {BASE, *self.looks}
        for look in self.referring:
            for field, where in (("avatar_id", look.reference), ("avatar_group_id", look.group)):
                if isinstance(where, LookRef) and where.look not in known:
                    message = f"there is no look `{where.look}`"
                    hint = "" if self.findings.full else suggestion(where.look, known)
                    self.report("unknown-look", message, look, field, hint, at_key=True)
                elif isinstance(where, LiteralRef) and where.id in known:
                    message = f"`{where.id}` is a look of this campaign, not an id at HeyGen"
                    hint = f"Write `{field}: {{look: {where.id}}}`."
                    self.report("look-key-as-id", message, look, field, hint, at_key=True)

    def no_circles(self) -> None:
        """Check that looks can be made one after the other."""
        for circle in find_cycles(self.looks):
            look = self.looks[circle[0]]
            following = circle[1] if len(circle) > 1 else circle[0]
            field = "avatar_id" if look.reference == LookRef(following) else "avatar_group_id"
            if len(circle) == 1:
                message = f"`{look.key}` refers to itself"
            else:
                message = "looks wait for each other: " + " → ".join([*circle, circle[0]])
            hint = "One of them must reference the base, another look, or nothing (`null`)."
            self.report("reference-cycle", message, look, field, hint, at_key=True)

    def groups_agree(self) -> None:
        """Check that a reference is in the group, where both are given (docs/api-facts.md)."""
        groups = Groups(self.looks)
        for look in self.referring:
            if look.reference is None or look.group is None:
                continue
            actual, wanted = groups.of_reference(look.reference), groups.of_target(look.group)
            if groups_differ(actual, wanted):
                named = (
                    f"look `{look.reference.look}`"
                    if isinstance(look.reference, LookRef)
                    else f"look {look.reference.id}"
                )
                message = f"{named} is in {group_of(actual)}, not in {group_of(wanted)}"
                hint = (
                    "The API refuses a reference from another group. Leave `avatar_group_id` out"
                    " to save it beside its reference, or give a reference from that group."
                )
                self.report("group-mismatch", message, look, "avatar_group_id", hint)

    def faces_are_kept(self) -> None:
        """Warn of a group without a reference: it keeps no face (docs/api-facts.md)."""
        for look in self.referring:
            if look.group is not None and look.reference is None and look.key != BASE:
                self.report(
                    "group-without-reference",
                    "saved to a group without a reference: the face will not be that group's",
                    look,
                    "avatar_group_id",
                    "Since June 2026 `avatar_group_id` only says where a look is saved; it no"
                    " longer conditions the image. For the same character give `avatar_id` a look;"
                    " if another face is meant, all is well.",
                )

    def names_are_unique(self) -> None:
        """Check that names differ, for looks are found again by them, and not in capitals alone."""
        named = [look for look in self.looks.values() if look.name is not None]
        if len({look.name.casefold() for look in named if look.name}) == len(named):
            return
        names: dict[str, Look] = {}
        for look in named:
            other = names.setdefault((look.name or "").casefold(), look)
            if other is look:
                continue
            field = "name" if "name" in self.drafts[look.key].fields else "title"
            if other.name == look.name:
                message = f"`{look.name}` is the name of `{other.key}` too (line {other.line})"
                hint = "Give one of them another `title`, or a `name` of its own."
                self.report("duplicate-name", message, look, field, hint)
            else:
                message = f"the name differs from that of `{other.key}` in capitals only"
                hint = "People and file systems will confuse them."
                self.report("names-differ-in-case", message, look, field, hint)

    def requests_differ(self) -> None:
        """Warn of two looks that send the same request: both are paid for."""
        asked = [look for look in self.looks.values() if look.prompt is not None]
        if len({_fold_prompt(look.prompt) for look in asked}) == len(asked):
            return
        first: dict[tuple[object, ...], Look] = {}
        for look in asked:
            images = tuple(image_identity(image) for image in look.images)
            request = _fold_prompt(look.prompt), self.sent(look.reference), look.group, images
            same = first.setdefault(request, look)
            if same is look:
                continue
            message = f"sends the same request as `{same.key}` (line {same.line}), and pays again"
            hint = "For more candidates of one look use `takes: 2`; otherwise change the prompt."
            self.report("identical-request", message, look, "prompt", hint)

    def sent(self, reference: Reference | None) -> Reference | None:
        """Return a reference as the request says it: a look that exists already by its id."""
        if isinstance(reference, LookRef) and reference.look in self.looks:
            existing = self.looks[reference.look].existing
            return LiteralRef(existing) if existing else reference
        return reference


def _fold_prompt(prompt: str | None) -> str:
    """Return a prompt as its identity has it; an even text of ASCII is that already."""
    return fold_text(prompt) if prompt and not prompt.isascii() else prompt or ""

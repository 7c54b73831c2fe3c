"""References between looks as a drawing: Mermaid and Graphviz DOT."""

from collections.abc import Iterator

from runner.model import BASE, Campaign, LiteralRef, LookKind, Reference

Edge = tuple[str, str, bool]
"""From, to, and whether it says only where a look is saved."""


def as_mermaid(campaign: Campaign) -> str:
    """Draw a campaign as a Mermaid flowchart, from the base downwards."""
    ids = {name: f"n{number}" for number, name in enumerate(_nodes(campaign))}
    lines = ["flowchart TD"]
    shapes = {LookKind.PHOTO: ("([", "])"), LookKind.EXISTING: ("[[", "]]")}
    kinds = {look.key: look.kind for look in campaign.looks}
    for name, id_ in ids.items():
        left, right = shapes.get(kinds.get(name, LookKind.EXISTING), ("[", "]"))
        lines.append(f'  {id_}{left}"{_mermaid_text(_label(campaign, name))}"{right}')
    for source, target, saved in _edges(campaign):
        arrow = "-. saved to the group of .->" if saved else "-->"
        lines.append(f"  {ids[source]} {arrow} {ids[target]}")
    return "\n".join(lines)


def as_dot(campaign: Campaign) -> str:
    """Draw a campaign as a DOT graph, from the base downwards."""
    kinds = {look.key: look.kind for look in campaign.looks}
    lines = [
        f"digraph {_dot_text(campaign.name)} {{",
        '  node [shape=box, style=rounded, fontname="sans-serif"];',
    ]
    for name in _nodes(campaign):
        known = kinds.get(name, LookKind.EXISTING) is not LookKind.EXISTING
        look = "" if known else ", style=dashed"
        lines.append(f"  {_dot_text(name)} [label={_dot_text(_label(campaign, name))}{look}];")
    for source, target, saved in _edges(campaign):
        style = ' [style=dotted, label="group"]' if saved else ""
        lines.append(f"  {_dot_text(source)} -> {_dot_text(target)}{style};")
    return "\n".join([*lines, "}"])


def _nodes(campaign: Campaign) -> list[str]:
    """Name every look, then every literal id that a look refers to."""
    names = [look.key for look in campaign.looks]
    return list(dict.fromkeys([*names, *(source for source, _, _ in _edges(campaign))]))


def _edges(campaign: Campaign) -> Iterator[Edge]:
    for look in campaign.looks:
        if look.reference is not None:
            yield _name(look.reference), look.key, False
        if look.group is not None:
            yield _name(look.group), look.key, True


def _name(reference: Reference) -> str:
    return f"id {reference.id}" if isinstance(reference, LiteralRef) else reference.look


def _label(campaign: Campaign, name: str) -> str:
    if name == BASE:
        return f"{campaign.looks[0].title} (base)"
    return name


def _mermaid_text(text: str) -> str:
    """Write characters that end a Mermaid label as its numeric entities."""
    return "".join(char if char.isalnum() or char in " -_.,()" else f"#{ord(char)};"
                   for char in text)  # fmt: skip


def _dot_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'

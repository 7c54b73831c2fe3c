"""``matrix``: axes → combinations; ``zip``, ``exclude``, ``include`` as in GitHub Actions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, NamedTuple

from runner.manifest.diagnostics import Findings
from runner.manifest.yaml.nodes import Map, Seq
from runner.suggest import suggest

Axes = Mapping[str, Mapping[str, str]]
"""Axis → value key → text, in the manifest's order."""


@dataclass(slots=True)
class _Exclusion:
    """One entry of ``exclude``: the value keys it names, its place, and whether it hit."""

    wanted: Mapping[str, str]
    mark: int
    used: bool = False


class Combination(NamedTuple):
    """One look's share of a matrix: the value key of each axis, and every text by its name.

    ``literals`` hold the keys (``${outfit}``), ``templates`` the texts (``${outfit.text}``).
    """

    axes: tuple[tuple[str, str], ...]
    literals: Mapping[str, str]
    templates: Mapping[str, str]


def read_axes(entry: Map, findings: Findings) -> dict[str, dict[str, str]]:
    """Return an entry's axes in one form, whether they are written as mappings or as lists."""
    axes: dict[str, dict[str, str]] = {}
    for name, written in entry.get("axes", {}).items():
        values = axes[name] = {}
        if isinstance(written, Map):
            values.update(written)
            continue
        for position, item in enumerate(written):
            for key, text in item.items() if isinstance(item, Map) else [(item, item)]:
                if key in values:
                    message = f"axis `{name}` has the value `{key}` twice"
                    findings.report("matrix-axis", message, written.at(position))
                values[key] = text
    return axes


def count_combinations(entry: Map, axes: Axes) -> int:
    """Count the looks an entry may make, before ``exclude``, without making them."""
    zipped = [group for group in _zip_groups(entry) if all(name in axes for name in group)]
    together = {name for group in zipped for name in group}
    lengths = [len(values) for name, values in axes.items() if name not in together]
    lengths += [min(len(axes[name]) for name in group) for group in zipped]
    crossed = prod(lengths) if axes else 0
    own = sum(_stands_alone(item, axes) for item in entry.get("include", ()))
    return crossed + own


def expand_axes(entry: Map, axes: Axes, findings: Findings) -> list[Combination]:
    """Expand an entry: cross the axes, leave out, put in. Reports what does not fit the axes."""
    zipped = _checked_zip(entry, axes, findings)
    excludes = _Exclusions(_checked_excludes(entry, axes, findings))
    originals = []
    for combination in _cross(axes, zipped):
        leaving_out = excludes.find(combination)
        for exclusion in leaving_out:
            exclusion.used = True
        if not leaving_out:
            originals.append(combination)
    for exclusion in excludes.written:
        if not exclusion.used:
            message = "this excludes no combination"
            hint = "Remove it, or check its values against `zip` and the axes."
            findings.report("unused-exclude", message, exclusion.mark, hint=hint)
    extras: list[dict[str, tuple[str, str]]] = [{} for _ in originals]
    added: list[Combination] = []
    for item in entry.get("include", ()):
        values = {name: _value(name, value, axes) for name, value in item.items()}
        matched = False
        for original, extra in zip(originals, extras, strict=True):
            if all(original[name] == values[name][0] for name in values if name in original):
                extra.update(values)
                matched = True
        if not matched:
            added.append(_combination({}, values, axes))
    made = [
        _combination(original, extra, axes)
        for original, extra in zip(originals, extras, strict=True)
    ]
    return made + added


def _cross(axes: Axes, zipped: list[list[str]]) -> Iterator[dict[str, str]]:
    """Return every combination, in the order of the axes; zipped ones move with their first."""
    if not axes:
        return
    leaders = {group[0]: group for group in zipped}
    followers = {name for group in zipped for name in group[1:]}
    units = [leaders.get(name, [name]) for name in axes if name not in followers]
    steps = [list(zip(*(axes[name] for name in unit), strict=False)) for unit in units]
    for chosen in product(*steps):
        values = {
            name: key
            for unit, keys in zip(units, chosen, strict=True)
            for name, key in zip(unit, keys, strict=True)
        }
        yield {name: values[name] for name in axes}


def _combination(
    original: Mapping[str, str], extra: Mapping[str, tuple[str, str]], axes: Axes
) -> Combination:
    values = {name: (key, axes[name][key]) for name, key in original.items()} | dict(extra)
    return Combination(
        tuple((name, values[name][0]) for name in axes if name in values),
        {name: key for name, (key, _) in values.items() if name in axes},
        {
            **{name: key for name, (key, _) in values.items() if name not in axes},
            **{f"{name}.text": text for name, (_, text) in values.items()},
        },
    )


def _value(name: str, written: Any, axes: Axes) -> tuple[str, str]:
    """Read one value of an ``include`` entry as (key, text)."""
    if isinstance(written, Map):
        return next(iter(written.items()))
    return written, axes.get(name, {}).get(written, written)


def _stands_alone(item: Map, axes: Axes) -> bool:
    """Return whether an ``include`` entry can only be a combination of its own."""
    named = {name: _value(name, value, axes)[0] for name, value in item.items() if name in axes}
    return not axes or any(key not in axes[name] for name, key in named.items())


# --- checks --------------------------------------------------------------------------------------


def _zip_groups(entry: Map) -> list[list[str]]:
    written = entry.get("zip", ())
    names = [item for item in written if isinstance(item, str)]
    return [list(item) for item in written if isinstance(item, list)] + ([names] if names else [])


def _checked_zip(entry: Map, axes: Axes, findings: Findings) -> list[list[str]]:
    """Return the groups of axes that advance together.

    A broken group advances together as far as it goes: multiplied instead, a slip of the pen could
    be millions of looks.
    """
    groups, seen = [], set[str]()
    for group in _zip_groups(entry):
        mark = entry.at("zip")
        unknown = [name for name in group if name not in axes]
        twice = [name for name in group if name in seen or group.count(name) > 1]
        lengths = {name: len(axes[name]) for name in group if name in axes}
        if unknown:
            findings.report("matrix-axis", f"`zip` names `{unknown[0]}`, which is no axis", mark,
                            hint=_axes_hint(unknown[0], axes))  # fmt: skip
        elif twice:
            findings.report("matrix-axis", f"`zip` names `{twice[0]}` twice", mark)
        elif len(set(lengths.values())) > 1:
            counts = ", ".join(f"`{name}` has {count}" for name, count in lengths.items())
            findings.report("matrix-axis", f"zipped axes need equally many values: {counts}", mark)
        usable = [name for name in lengths if name not in seen]
        if usable:
            groups.append(usable)
        seen |= set(group)
    return groups


def _checked_excludes(entry: Map, axes: Axes, findings: Findings) -> list[_Exclusion]:
    written: Seq = entry.get("exclude", Seq())
    good: list[_Exclusion] = []
    for position, item in enumerate(written):
        fits = True
        for name, key in item.items():
            if name not in axes:
                hint = "" if findings.full else _axes_hint(name, axes)
                message = f"`{name}` is no axis of this matrix"
                findings.report("matrix-axis", message, item.key_at(name), hint=hint)
                fits = False
            elif key not in axes[name]:
                meant = [] if findings.full else suggest(key, axes[name])
                hint = f"Did you mean `{meant[0]}`?" if meant else _values_hint(axes[name])
                message = f"axis `{name}` has no value `{key}`"
                findings.report("matrix-axis", message, item.at(name), hint=hint)
                fits = False
        if fits:
            good.append(_Exclusion(dict(item), written.at(position)))
    return good


class _Exclusions:
    """The entries of ``exclude``, found by the values that they name, not one after the other."""

    def __init__(self, written: list[_Exclusion]) -> None:
        self.written = written
        self.by_values: dict[tuple[str, ...], dict[tuple[str, ...], list[_Exclusion]]] = {}
        for exclusion in written:
            names, keys = tuple(exclusion.wanted), tuple(exclusion.wanted.values())
            self.by_values.setdefault(names, {}).setdefault(keys, []).append(exclusion)

    def find(self, combination: Mapping[str, str]) -> list[_Exclusion]:
        """Return what leaves a combination out; empty where nothing does."""
        found: list[_Exclusion] = []
        for names, by_keys in self.by_values.items():
            found += by_keys.get(tuple(combination[name] for name in names), ())
        return found


def _axes_hint(name: str, axes: Axes) -> str:
    meant = suggest(name, axes)
    if meant:
        return f"Did you mean `{meant[0]}`?"
    return "The axes are " + ", ".join(f"`{axis}`" for axis in axes) + "."


def _values_hint(values: Mapping[str, str]) -> str:
    return "Its values are " + ", ".join(f"`{key}`" for key in list(values)[:8]) + "."

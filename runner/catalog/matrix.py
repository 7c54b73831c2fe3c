"""A matrix as tables: rows and columns by axis, with the gaps that its exclusions leave."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from runner.catalog.model import LookView, MatrixAxes

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One value of the row axis; ``cells`` holds the looks of each column, none for a gap."""

    value: str
    cells: tuple[tuple[LookView, ...], ...]


@dataclass(frozen=True, slots=True)
class MatrixTable:
    """Two axes at fixed values of the others (``fixed``); ``rows_axis`` is None for one axis."""

    fixed: tuple[Pair, ...]
    rows_axis: str | None
    columns_axis: str
    columns: tuple[str, ...]
    rows: tuple[MatrixRow, ...]


@dataclass(frozen=True, slots=True)
class MatrixView:
    """One matrix of the manifest: its axes' names, its tables, how many looks and gaps it has."""

    id: str
    axes: tuple[str, ...]
    tables: tuple[MatrixTable, ...]
    looks: int
    gaps: int


def build_matrix(matrix: MatrixAxes, looks: Sequence[LookView]) -> MatrixView:
    """Lay a matrix out: its last two axes are rows and columns, each choice of the rest a table."""
    placed: dict[tuple[str, ...], list[LookView]] = {}
    names = tuple(axis for axis, _ in matrix.axes)
    members = [look for look in looks if look.matrix == matrix.id and not look.orphan]
    for look in members:
        values = dict(look.axes)
        placed.setdefault(tuple(values.get(name, "") for name in names), []).append(look)
    if not names:
        return MatrixView(matrix.id, (), (), len(members), 0)
    outer, inner = matrix.axes[:-2], matrix.axes[-2:]
    tables = []
    for fixed in product(*(values for _, values in outer)):
        table = _table(tuple(zip(names, fixed, strict=False)), inner, placed)
        if any(cell for row in table.rows for cell in row.cells):
            tables.append(table)
    gaps = sum(not cell for table in tables for row in table.rows for cell in row.cells)
    return MatrixView(matrix.id, names, tuple(tables), len(members), gaps)


def _table(
    fixed: tuple[Pair, ...],
    inner: tuple[tuple[str, tuple[str, ...]], ...],
    placed: dict[tuple[str, ...], list[LookView]],
) -> MatrixTable:
    prefix = tuple(value for _, value in fixed)
    columns_axis, columns = inner[-1]
    rows_axis, rows = inner[0] if len(inner) == 2 else (None, ("",))

    def cell(row: str, column: str) -> tuple[LookView, ...]:
        place = (column,) if rows_axis is None else (row, column)
        return tuple(placed.get((*prefix, *place), ()))

    return MatrixTable(
        fixed=fixed,
        rows_axis=rows_axis,
        columns_axis=columns_axis,
        columns=columns,
        rows=tuple(MatrixRow(row, tuple(cell(row, column) for column in columns)) for row in rows),
    )

"""A matrix as tables: every look in its place, every exclusion a visible gap."""

from runner.catalog import matrix, reading
from tests.catalog import sample


def arranged(*axes: dict[str, str]) -> matrix.MatrixView:
    looks = [
        sample.look("-".join(values.values()), "p", matrix="m", axes=values) for values in axes
    ]
    page = reading.build_page(sample.document([sample.base(), *looks]))
    return matrix.build_matrix(page.matrices[0], page.looks)


def keys(table: matrix.MatrixTable) -> list[list[list[str]]]:
    return [[[look.key for look in cell] for cell in row.cells] for row in table.rows]


def test_two_axes_are_rows_and_columns_and_an_exclusion_is_a_gap() -> None:
    view = arranged(
        {"outfit": "a", "setting": "x"},
        {"outfit": "a", "setting": "y"},
        {"outfit": "b", "setting": "y"},
    )
    (table,) = view.tables
    assert (table.rows_axis, table.columns_axis, table.columns) == ("outfit", "setting", ("x", "y"))
    assert [row.value for row in table.rows] == ["a", "b"]
    assert keys(table) == [[["a-x"], ["a-y"]], [[], ["b-y"]]]
    assert (view.looks, view.gaps) == (3, 1)


def test_one_axis_is_one_row() -> None:
    (table,) = arranged({"outfit": "a"}, {"outfit": "b"}).tables
    assert table.rows_axis is None
    assert keys(table) == [[["a"], ["b"]]]


def test_a_third_axis_makes_a_table_for_each_of_its_values() -> None:
    view = arranged(
        {"light": "day", "outfit": "a", "setting": "x"},
        {"light": "night", "outfit": "a", "setting": "x"},
        {"light": "night", "outfit": "b", "setting": "x"},
    )
    assert [table.fixed for table in view.tables] == [(("light", "day"),), (("light", "night"),)]
    assert [keys(table) for table in view.tables] == [
        [[["day-a-x"]], [[]]],
        [[["night-a-x"]], [["night-b-x"]]],
    ]


def test_looks_of_other_matrices_and_orphans_take_no_place() -> None:
    axes = {"outfit": "a", "setting": "x"}
    page = reading.build_page(
        sample.document(
            [sample.look("a-x", "p", matrix="m", axes=axes), sample.look("other", "p")],
            orphans=[sample.look("old", "p", matrix="m", axes=axes)],
        )
    )
    view = matrix.build_matrix(page.matrices[0], page.looks)
    assert keys(view.tables[0]) == [[["a-x"]]]

"""A spreadsheet's file → the text of a CSV: workbooks, and what spreadsheet programs save as."""

import codecs
import csv
import errno
import io
import zipfile
from pathlib import Path

from runner.extras import install_command
from runner.files import read_given
from runner.manifest.yaml.source import MAX_TEXT_BYTES, Source, Unreadable

_SAVE = (
    "Save it as CSV: in Excel with File, Save As, `CSV UTF-8 (Comma delimited)`; in Google Sheets "
    "with File, Download, CSV; in Numbers with File, Export To, CSV."
)
_WORKBOOK = b"PK\x03\x04"
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
_NO_WORKBOOK = "this is no workbook that can be read"
_MAX_CELLS = 2_000_000
_MAX_UNFOLDED = 100_000_000


def read_sheet_source(path: Path) -> tuple[Source, str]:
    """Read a sheet (``-``: stdin); return it as CSV, and what had to be assumed for that.

    Raises Unreadable where it is no sheet.
    """
    try:
        data = read_given(path, MAX_TEXT_BYTES)
    except OSError as error:
        reason = error.strerror or str(error)
        advice = _SAVE if error.errno == errno.EFBIG else "Check the path."
        raise _unreadable(path, f"cannot read {path}: {reason}", advice) from None
    if data.startswith(_WORKBOOK):
        return Source(path, _workbook_as_csv(path, data)), "its first sheet"
    if data.startswith(_OLD_WORKBOOK):
        raise _unreadable(path, "this is a workbook of an old Excel, no CSV", _SAVE)
    return _decode(path, data)


def _decode(path: Path, data: bytes) -> tuple[Source, str]:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding, note = "utf-16", ""
    else:
        encoding, note = "utf-8-sig", ""
        try:
            data.decode(encoding)
        except UnicodeDecodeError:
            encoding = "cp1252"
            note = "it is no UTF-8 and was read as Windows-1252: look at the accents"
    try:
        return Source(path, data.decode(encoding)), note
    except UnicodeDecodeError as error:
        message = f"the byte at {error.start:,} is neither UTF-8 nor Windows-1252"
        raise _unreadable(path, message, _SAVE) from None


def _refuse_unfolding(path: Path, data: bytes) -> None:
    """Raise Unreadable for a workbook that unfolds to more than a sheet of the most cells has.

    No more than what is declared is ever unfolded: zipfile stops there.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            size = sum(part.file_size for part in parts.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise _unreadable(path, _NO_WORKBOOK, _SAVE) from None
    if size > _MAX_UNFOLDED:
        raise _unreadable(path, f"the workbook unfolds to more than {_MAX_UNFOLDED:,} bytes", _SAVE)


def _workbook_as_csv(path: Path, data: bytes) -> str:
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise _unreadable(
            path,
            "this is a workbook (.xlsx or its like), and what reads it is not installed",
            f"{_SAVE} Or install it: {install_command('xlsx')}",
        ) from None
    _refuse_unfolding(path, data)
    written = io.StringIO(newline="")
    rows = csv.writer(written)
    cells = 0
    try:
        workbook = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        for row in workbook.worksheets[0].iter_rows(values_only=True):
            cells += len(row)
            if cells > _MAX_CELLS:
                break
            rows.writerow([_written(value) for value in row])
    except Exception:  # noqa: BLE001  # a file that is no workbook raises anything
        raise _unreadable(path, _NO_WORKBOOK, _SAVE) from None
    if cells > _MAX_CELLS:
        raise _unreadable(path, f"the sheet has more than {_MAX_CELLS:,} cells", _SAVE)
    return written.getvalue()


def _written(value: object) -> str:
    """Write a cell as CSV has it: whole numbers without a fraction."""
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _unreadable(path: Path, message: str, hint: str) -> Unreadable:
    return Unreadable(Source(path), "encoding", message, hint)

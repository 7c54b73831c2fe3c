"""Files of ours: whole or not there, never through a link; and no read that waits or has no end."""

import os
import stat
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from runner import files
from runner.errors import StorageError
from runner.files import (
    append_private,
    is_inherited,
    open_file,
    read_file,
    read_given,
    read_note,
    refuse_links,
    write_atomic,
    write_output,
)
from tests.fuzz.growth import count_memory

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links, pipes and modes of POSIX")

NOT_ROOT = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root makes devices"
)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def null_device(folder: Path) -> Path:
    """Make a device like ``/dev/null`` of the test's own: the real one is everybody's."""
    path = folder / "null"
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        path.write_bytes(b"")
    except OSError as error:
        pytest.skip(f"devices cannot be used here: {error.strerror}")
    return path


@pytest.mark.parametrize("write", [write_atomic, write_output])
def test_a_link_is_replaced_and_what_it_leads_to_stays(
    tmp_path: Path, write: Callable[[Path, bytes], None]
) -> None:
    elsewhere, link = tmp_path / "elsewhere", tmp_path / "results.json"
    elsewhere.write_text("somebody's")
    link.symlink_to(elsewhere)
    write(link, b"ours")
    assert elsewhere.read_text() == "somebody's"
    assert not link.is_symlink()
    assert link.read_bytes() == b"ours"
    assert names(tmp_path) == ["elsewhere", "results.json"]


def test_a_folder_that_is_a_link_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    root = tmp_path / "out"
    root.mkdir()
    (root / "images").symlink_to(tmp_path / "elsewhere")
    for name in ("images/a.png", "images/deeper/a.png"):
        with pytest.raises(StorageError, match="symbolic link"):
            write_atomic(root / name, b"x", within=root)
    assert names(tmp_path / "elsewhere") == []
    with pytest.raises(OSError, match="symbolic link"):
        refuse_links(root, root / ".." / "elsewhere")


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_umask_decides_who_may_read(tmp_path: Path, mask: int, mode: int) -> None:
    before = os.umask(mask)
    try:
        write_atomic(tmp_path / "results.json", b"x")
        files.create_file(tmp_path / "picture").close()
    finally:
        os.umask(before)
    for name in ("results.json", "picture"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == mode


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_file_is_not_replaced_by_one(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "results.json"
    if kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    with pytest.raises(StorageError, match=f"a {kind} lies there"):
        write_atomic(path, b"x")
    assert names(tmp_path) == ["results.json"]


def test_what_fails_in_the_middle_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    write_atomic(path, b"old")

    def pieces() -> "list[bytes]":
        raise RuntimeError("the document could not be made")

    with pytest.raises(RuntimeError):
        write_atomic(path, (piece for _ in [0] for piece in pieces()))
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["results.json"]


@NOT_ROOT
def test_a_device_is_written_into_and_stays_a_device(tmp_path: Path) -> None:
    device = null_device(tmp_path)
    write_output(device, [b"one", b"two"])
    os.close(append_private(str(device)))
    assert stat.S_ISCHR(device.lstat().st_mode)
    assert names(tmp_path) == ["null"]
    with pytest.raises(StorageError, match="a device lies there"):
        write_atomic(device, b"x")


def test_a_pipe_is_written_into_when_somebody_reads_it(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write_output(pipe, [b"x" * 100_000, b"end"])
    reader.join(30)
    assert read == [b"x" * 100_000 + b"end"]


def test_a_pipe_without_a_reader_is_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PIPE_SECONDS", 0.0)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StorageError, match="nobody reads this pipe"):
        write_output(tmp_path / "pipe", b"x")
    with pytest.raises(OSError, match="nobody reads"):
        append_private(str(tmp_path / "pipe"))


def test_dev_fd_is_the_systems_own_link_and_written_into(tmp_path: Path) -> None:
    target = tmp_path / "redirected"
    with target.open("wb") as file:
        file.write(b"before ")
        file.flush()
        place = Path(f"/dev/fd/{file.fileno()}")
        if not place.exists():
            pytest.skip("this system has no /dev/fd")
        write_output(place, b"after")
    assert target.read_bytes() == b"before after"


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="no memory is a folder here")
def test_a_link_in_shared_memory_is_anybodys_and_not_the_systems() -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        link, elsewhere = Path(name) / "link", Path(name) / "elsewhere"
        elsewhere.write_bytes(b"before")
        link.symlink_to(elsewhere)
        write_output(link, b"after")
        assert elsewhere.read_bytes() == b"before"
        assert link.read_bytes() == b"after"


def test_a_log_is_appended_to_a_file_of_its_owners_and_never_through_a_link(
    tmp_path: Path,
) -> None:
    for _ in range(2):
        handle = append_private(str(tmp_path / "run.log"))
        os.write(handle, b"line\n")
        os.close(handle)
    assert (tmp_path / "run.log").read_bytes() == b"line\nline\n"
    assert stat.S_IMODE((tmp_path / "run.log").stat().st_mode) == 0o600
    (tmp_path / "link.log").symlink_to(tmp_path / "profile")
    with pytest.raises(OSError, match="symbolic link"):
        append_private(str(tmp_path / "link.log"))
    assert not (tmp_path / "profile").exists()


def test_only_files_are_read_and_only_so_much_of_them(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "circle").symlink_to("circle")
    os.mkfifo(tmp_path / "pipe")
    assert read_file(tmp_path / "file", 5) == b"12345"
    assert read_file(tmp_path / "link", 5) == b"12345"
    with pytest.raises(OSError, match="larger than 4 bytes"):
        read_file(tmp_path / "file", 4)
    for name, why in [("pipe", "it is a pipe"), (".", "it is a folder")]:
        with pytest.raises(OSError, match=why):
            open_file(tmp_path / name)
    for name in ("link", "circle"):
        with pytest.raises(OSError, match="symbolic link"):
            open_file(tmp_path / name, follow=False)
    with pytest.raises(OSError, match="symbolic links"):
        open_file(tmp_path / "circle")


def test_a_file_beyond_its_bound_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    with path.open("wb") as file:
        file.truncate(1 << 40)

    def read() -> None:
        with pytest.raises(OSError, match="larger than 1,073,741,824 bytes"):
            read_file(path, 1 << 30)

    assert count_memory(read) < 1 << 20


@pytest.mark.parametrize("text", ["[" * 100_000, "{", '{"a": NaN}', '"\\ud800"', "\xff"])
def test_a_note_that_is_nonsense_is_one_kind_of_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "note.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
        read_note(tmp_path / "note.json")


def test_a_stream_that_was_handed_over_is_read_to_its_bound(tmp_path: Path) -> None:
    for data, size in ((b"text", 4), (b"texts", 5)):
        reader, writer = os.pipe()
        os.write(writer, data)
        os.close(writer)
        path = Path(f"/dev/fd/{reader}")
        try:
            assert is_inherited(path)
            if size > 4:
                with pytest.raises(OSError, match="larger than 4 bytes"):
                    read_given(path, 4)
            else:
                assert read_given(path, 4) == data
        finally:
            os.close(reader)


def test_a_pipe_with_a_name_is_nobodys_stream(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/stdin")
    for name in ("pipe", "link", "missing", "."):
        assert not is_inherited(tmp_path / name)
    with pytest.raises(OSError, match="it is a pipe, not a file"):
        read_given(tmp_path / "pipe", 4)

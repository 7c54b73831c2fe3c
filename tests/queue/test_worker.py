"""A worker: what it is handed it carries out to a verdict, or leaves to others; in memory."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from itertools import count
from pathlib import Path

import pytest

from runner.errors import DatabaseAway, StorageError, UsageError
from runner.queue import run_output
from runner.queue import worker as workers
from runner.queue.hung import HUNG_AFTER
from runner.queue.pack import Pack
from runner.queue.port import WORKER_BEAT, WORKER_DEAD_AFTER, BegunRun, QueuedRun, RunState
from runner.queue.unpack import unpack
from runner.queue.worker import MAX_BEGUN, MAX_KILLS, QUIET, RunProcess, Worker
from runner.takes import Account
from tests.queue.memory import MemoryQueue
from tests.queue.test_queue import PICTURE, make_pack

ME = Account("api.example", "me")
SOON = 20.0
PIDS = count(100)


class FakeEngine:
    """Notes what it is asked."""

    def __init__(self) -> None:
        self.given: list[str] = []
        self.alive: list[Sequence[str]] = []

    def start(
        self, worker: str, accounts: Sequence[Account], slots: int, carry_out: Callable[[str], None]
    ) -> None:
        """Start nothing: tests call what carries out."""

    def hand_over(self, run: QueuedRun) -> None:
        self.given.append(run.run)

    def hand_on(self, alive: Sequence[str]) -> int:
        self.alive.append([*alive])
        return 0

    def forget(self, runs: Sequence[str]) -> None:
        """Forget nothing."""

    def stop(self) -> None:
        """Stop nothing."""


class FakeProcess:
    """Ends as it was told to, or when it is asked to."""

    def __init__(self, code: int | None) -> None:
        self.code = code
        self.pid = next(PIDS)
        self.answer = 4
        self.asked, self.killed = threading.Event(), threading.Event()
        self.started = threading.Event()
        self.times_asked = 0
        self.may_end = threading.Event()
        self.may_end.set()

    def follow(self, write: Callable[[str, bool], None]) -> int:
        write("[1/1] base#1 generated\n", True)
        self.started.set()
        if self.code is None:
            assert self.asked.wait(SOON)
            assert self.may_end.wait(SOON)
            return self.answer
        return self.code

    def ask_to_end(self) -> None:
        self.times_asked += 1
        self.asked.set()

    def kill(self) -> None:
        self.killed.set()
        self.asked.set()


class Setting:
    def __init__(self, *codes: int | None) -> None:
        self.queue, self.engine = MemoryQueue(), FakeEngine()
        self.processes = [FakeProcess(code) for code in codes]
        left = iter(self.processes)
        self.left = threading.Event()
        self.worker = Worker(
            "one",
            [ME],
            slots=1,
            open_queue=lambda: self.queue,
            engine=self.engine,
            start_run=lambda _begun: next(left),
            leave_at_once=self.left.set,
        )
        self.run = self.queue.enqueue(make_pack("me"), by="ada")

    @contextmanager
    def carrying_out(self) -> Iterator[threading.Thread]:
        thread = threading.Thread(target=self.worker.carry_out, args=(self.run,), daemon=True)
        thread.start()
        yield thread


def test_a_run_ends_with_the_code_of_its_process() -> None:
    setting = Setting(5)
    setting.worker.carry_out(setting.run)
    run = setting.queue.runs[setting.run]
    assert (run.state, run.exit_code, run.message) == (RunState.ENDED, 5, "[1/1] base#1 generated")
    setting.worker.carry_out(setting.run)  # handed out once more: nothing is left to do
    assert setting.queue.runs[setting.run].attempt == 1


def test_of_a_run_that_never_stops_writing_the_begin_the_end_and_its_document_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_output, "MAX_MESSAGES", 100)
    setting = Setting(0)

    def follow(write: Callable[[str, bool], None]) -> int:
        for number in range(10_000):
            write(f"line {number}\n", True)
        write("{" + " " * 1000 + "}", False)
        return 0

    setting.processes[0].follow = follow  # type: ignore[method-assign]
    setting.worker.carry_out(setting.run)
    pieces = setting.queue.read_output(setting.run)
    told = "".join(piece.text for piece in pieces if piece.error)
    assert len(pieces) < 200
    assert told.startswith("line 0\nline 1\n")
    assert "pieces of what this run wrote here are not kept" in told
    assert told.endswith("line 9998\nline 9999\n")
    assert [len(piece.text) for piece in pieces if not piece.error] == [1002]


def test_a_process_that_is_killed_is_begun_again_a_few_times() -> None:
    setting = Setting(-9, 0)
    setting.worker.carry_out(setting.run)
    assert setting.queue.runs[setting.run].exit_code == 0
    told = "".join(piece.text for piece in setting.queue.read_output(setting.run))
    assert "ended by signal 9" in told
    hopeless = Setting(*[-9] * MAX_KILLS)
    hopeless.worker.carry_out(hopeless.run)
    run = hopeless.queue.runs[hopeless.run]
    assert run.exit_code == 70
    assert f"ended {MAX_KILLS} times by a signal" in str(run.message)


def test_what_was_handed_on_politely_does_not_count_as_a_kill() -> None:
    setting = Setting(*[-9] * (MAX_KILLS - 1), 0)
    for _ in range(MAX_KILLS):
        assert setting.queue.begin(setting.run, "another") is not None
    setting.worker.carry_out(setting.run)
    assert setting.queue.runs[setting.run].exit_code == 0


def test_a_run_that_is_cancelled_while_it_plans_ends_as_any_other_that_is_cancelled() -> None:
    setting = Setting(None)
    setting.processes[0].answer = -15  # it does not listen for signals yet
    setting.queue.enlist("one", [ME], 1)
    with setting.carrying_out() as thread:
        assert setting.processes[0].started.wait(SOON)
        setting.queue.cancel(setting.run)
        setting.worker.beat(setting.queue)
        thread.join(SOON)
    run = setting.queue.runs[setting.run]
    assert (run.state, run.exit_code) == (RunState.CANCELLED, 4)


def await_end(setting: Setting) -> None:
    """Wait until the worker has no process any more: what is to be handed on keeps its thread."""
    for _ in range(int(SOON * 1000)):
        if not setting.worker._running:
            return
        threading.Event().wait(0.001)
    pytest.fail("its process goes on")


def beat_until(setting: Setting, first: float, last: float) -> None:
    """Look at what hangs each second of a clock."""
    for second in range(int(first), int(last) + 1):
        setting.worker.end_what_hangs(setting.queue, float(second))


def test_a_run_that_shows_no_sign_of_life_is_ended_and_begun_again() -> None:
    setting = Setting(None, 0)
    hung = setting.processes[0]
    hung.answer = -9
    with setting.carrying_out() as thread:
        assert hung.started.wait(SOON)
        setting.queue.silent.add(hung.pid)
        beat_until(setting, 100, 100 + HUNG_AFTER - 1)
        assert not hung.killed.is_set()
        beat_until(setting, 100 + HUNG_AFTER, 100 + HUNG_AFTER)
        assert hung.killed.is_set()
        thread.join(SOON)
    run = setting.queue.runs[setting.run]
    assert (run.state, run.exit_code, run.attempt) == (RunState.ENDED, 0, 2)
    told = "".join(piece.text for piece in setting.queue.read_output(setting.run))
    assert "no sign of life" in told


@pytest.mark.parametrize("held_up", [True, False], ids=["database away", "a sign between"])
def test_a_run_is_not_taken_for_hung_for_a_silence_that_has_another_reason(held_up: bool) -> None:
    setting = Setting(None)
    slow = setting.processes[0]
    with setting.carrying_out() as thread:
        assert slow.started.wait(SOON)
        setting.queue.silent.add(slow.pid)
        beat_until(setting, 100, 99 + HUNG_AFTER)
        if held_up:  # nobody could write a heartbeat, and nobody read one
            later = 100 + HUNG_AFTER + WORKER_DEAD_AFTER
        else:
            later = 100 + HUNG_AFTER
            setting.queue.silent.clear()
            beat_until(setting, later, later)
            setting.queue.silent.add(slow.pid)
        beat_until(setting, later + 1, later + HUNG_AFTER)
        assert not slow.killed.is_set()
        slow.ask_to_end()
        thread.join(SOON)


def test_a_worker_whose_main_loop_hangs_ends_its_runs_and_itself() -> None:
    setting = Setting(None)
    setting.queue.enlist("one", [ME], 1)
    with setting.carrying_out():
        assert setting.processes[0].started.wait(SOON)
        beat_until(setting, 50, 99)  # it has not served yet: engines may start for long
        setting.worker._main.go_on(99.0)
        beat_until(setting, 100, 98 + HUNG_AFTER)
        assert not setting.left.is_set()
        beat_until(setting, 99 + HUNG_AFTER, 99 + HUNG_AFTER)
        assert setting.left.is_set()
        assert setting.processes[0].killed.is_set()
        assert setting.queue.list_workers() == []  # others need not wait
        setting.worker.stop()
        await_end(setting)
    assert setting.queue.runs[setting.run].state is RunState.RUNNING


def test_a_pack_that_cannot_be_read_ends_that_run_alone() -> None:
    setting = Setting()
    setting.queue.texts[setting.run] = "{}"

    def start_run(begun: BegunRun) -> RunProcess:
        raise AssertionError(begun.read_pack())

    setting.worker._start_run = start_run
    setting.worker.carry_out(setting.run)
    run = setting.queue.runs[setting.run]
    assert (run.state, run.exit_code, setting.worker.trouble) == (RunState.ENDED, 2, None)
    told = "".join(piece.text for piece in setting.queue.read_output(setting.run))
    assert "cannot be read here" in told
    assert "Queue it again" in told


def test_a_run_that_is_cancelled_is_asked_to_end() -> None:
    setting = Setting(None)
    setting.queue.enlist("one", [ME], 1)
    with setting.carrying_out() as thread:
        assert setting.processes[0].started.wait(SOON)
        setting.worker.beat(setting.queue)
        assert not setting.processes[0].asked.is_set()
        setting.processes[0].may_end.clear()
        setting.queue.cancel(setting.run)
        for _ in range(3):
            setting.worker.beat(setting.queue)
        assert setting.processes[0].times_asked == 1  # twice would leave sends unanswered
        setting.processes[0].may_end.set()
        thread.join(SOON)
    run = setting.queue.runs[setting.run]
    assert (run.state, run.exit_code) == (RunState.CANCELLED, 4)


def test_who_was_taken_for_dead_and_did_not_hear_of_it_leaves_the_run_to_the_other() -> None:
    setting = Setting(0)
    follow = setting.processes[0].follow

    def take_over(write: Callable[[str, bool], None]) -> int:
        assert setting.queue.begin(setting.run, "other") is not None
        return follow(write)

    setting.processes[0].follow = take_over  # type: ignore[method-assign]
    assert not setting.worker._carry_out(setting.queue, setting.run)  # true: over for the engine
    assert setting.queue.runs[setting.run].state is RunState.RUNNING
    ended = Setting()
    ended.queue.cancel(ended.run)
    assert ended.worker._carry_out(ended.queue, ended.run)


def test_a_run_that_is_handed_out_again_to_the_same_worker_ends_its_earlier_beginning() -> None:
    setting = Setting(None, 0)
    setting.queue.enlist("one", [ME], 1)
    with setting.carrying_out() as thread:
        assert setting.processes[0].started.wait(SOON)
        assert setting.worker._carry_out(setting.queue, setting.run)
        setting.worker.beat(setting.queue)
        assert setting.processes[0].times_asked == 1
        thread.join(SOON)
        assert not thread.is_alive()
    run = setting.queue.runs[setting.run]
    assert (run.exit_code, run.attempt, setting.worker.trouble) == (0, 2, None)


def test_who_was_taken_for_dead_ends_its_runs_and_itself() -> None:
    setting = Setting(None)
    with setting.carrying_out() as thread:
        assert setting.processes[0].started.wait(SOON)
        other = setting.queue.begin(setting.run, "other")
        setting.worker.beat(setting.queue)  # its row is gone
        assert setting.processes[0].asked.is_set()
        thread.join(0.2)
        assert thread.is_alive()  # to return would end the run for the engine
    assert "took this one for dead" in str(setting.worker.trouble)
    assert other is not None
    assert setting.queue.is_wanted(other)


def test_a_worker_that_stops_leaves_its_runs_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "WORKER_BEAT", 0.01)
    setting = Setting(None)
    with setting.carrying_out() as thread:
        assert setting.processes[0].started.wait(SOON)
        serving = threading.Thread(target=setting.worker.serve)
        serving.start()
        while not setting.engine.given:
            assert serving.is_alive()
        setting.worker.stop()
        serving.join(SOON)
        assert not serving.is_alive()
        assert thread.is_alive()
    run = setting.queue.runs[setting.run]
    assert (run.state, setting.queue.list_workers()) == (RunState.RUNNING, [])
    assert setting.worker.trouble is None


def test_a_worker_that_carries_out_a_run_beats_as_often_as_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    setting = Setting(None)
    done: list[str | float] = []

    def beat(worker: str) -> bool:
        done.append(worker)
        return True

    def sleep(seconds: float) -> None:
        done.append(seconds)
        if len(done) == 6:
            setting.worker.stop()
            setting.processes[0].ask_to_end()
            await_end(setting)

    monkeypatch.setattr(setting.queue, "beat", beat)
    with setting.carrying_out():
        assert setting.processes[0].started.wait(SOON)
        monkeypatch.setattr(time, "sleep", sleep)
        setting.worker._beat()
    assert done == ["one", WORKER_BEAT] * 3


def test_nobody_is_taken_for_dead_right_after_all_were_held_up() -> None:
    setting = Setting()
    setting.queue.enlist("one", [ME], 1)
    setting.worker.look_around(setting.queue, 100.0)  # at the start
    assert setting.engine.given == [setting.run]
    assert setting.engine.alive == []
    setting.queue.enlist("other", [ME], 1)
    setting.queue.advance(WORKER_DEAD_AFTER + 1)
    setting.queue.beat("one")
    setting.worker.look_around(setting.queue, 101.0)
    assert setting.engine.alive == []
    for second in (102.0, 103.0 + QUIET):  # the second one is late again
        setting.worker.look_around(setting.queue, second)
    assert setting.engine.alive == []
    for second in range(107, 111):
        setting.worker.look_around(setting.queue, float(second))
    assert setting.engine.alive[0] == ["one"]
    assert setting.engine.given == [setting.run]


def test_a_run_that_cannot_be_started_ends_and_its_worker_serves_on() -> None:
    setting = Setting()

    def refuse(_begun: BegunRun) -> RunProcess:
        raise StorageError("face could not be written: a file lies there.")

    setting.worker._start_run = refuse
    setting.worker.carry_out(setting.run)
    run = setting.queue.runs[setting.run]
    assert (run.state, run.exit_code) == (RunState.ENDED, 2)
    assert "could not be started: face could not be written" in str(run.message)
    assert setting.worker.trouble is None


def test_pictures_that_cannot_be_read_end_that_run_alone_and_in_the_end_nobody_reads_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    setting, asked = Setting(), []

    def refuse(begun: BegunRun) -> BegunRun:
        asked.append(begun.attempt)
        raise StorageError("The ledger could not be read: its connection ended.")

    monkeypatch.setattr(setting.queue, "read_pictures", refuse)
    assert setting.worker._carry_out(setting.queue, setting.run)
    run = setting.queue.runs[setting.run]
    assert (run.state, run.exit_code, setting.worker.trouble) == (RunState.ENDED, 2, None)
    assert "could not be started: The ledger could not be read" in str(run.message)
    again = setting.queue.enqueue(make_pack("me"), by="ada")
    for _ in range(MAX_BEGUN):
        assert setting.queue.begin(again, "another") is not None
    assert setting.worker._carry_out(setting.queue, again)
    assert (setting.queue.runs[again].exit_code, asked) == (70, [1])


def test_a_run_whose_pictures_cannot_be_asked_for_is_left_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    setting = Setting()

    def be_away(_begun: BegunRun) -> BegunRun:
        raise DatabaseAway("The database cannot be reached.")

    monkeypatch.setattr(setting.queue, "read_pictures", be_away)
    with pytest.raises(DatabaseAway):
        setting.worker._carry_out(setting.queue, setting.run)
    assert setting.queue.runs[setting.run].state is RunState.RUNNING


def test_a_run_that_never_comes_to_an_end_is_not_begun_for_ever() -> None:
    setting = Setting()  # a process that is started fails the test
    for _ in range(MAX_BEGUN):
        assert setting.queue.begin(setting.run, "another") is not None
    setting.worker.carry_out(setting.run)
    run = setting.queue.runs[setting.run]
    assert (run.state, run.exit_code) == (RunState.ENDED, 70)
    assert f"begun {MAX_BEGUN} times" in str(run.message)


@pytest.mark.parametrize(
    ("code", "state"),
    [(2, RunState.ENDED), (0, RunState.ENDED), (4, RunState.RUNNING), (-15, RunState.RUNNING)],
)
def test_a_verdict_is_kept_where_the_worker_stops_and_an_interrupted_run_is_handed_on(
    code: int, state: RunState
) -> None:
    setting = Setting(code)

    def follow(write: Callable[[str, bool], None]) -> int:
        setting.worker.stop()  # at the moment of the verdict
        return code

    setting.processes[0].follow = follow  # type: ignore[method-assign]
    is_over = setting.worker._carry_out(setting.queue, setting.run)
    assert is_over == (state is RunState.ENDED)
    run = setting.queue.runs[setting.run]
    assert (run.state, run.exit_code) == (state, code if is_over else None)


def test_a_run_that_begins_while_its_worker_stops_is_asked_to_end() -> None:
    setting = Setting(None)

    def start_run(_begun: BegunRun) -> RunProcess:
        setting.worker.stop()  # and the others are asked before this one is known
        return setting.processes[0]

    setting.worker._start_run = start_run
    assert not setting.worker._carry_out(setting.queue, setting.run)
    assert setting.processes[0].times_asked == 1
    assert setting.queue.runs[setting.run].state is RunState.RUNNING


def refuse_to_open(setting: Setting, times: float) -> list[int]:
    """Refuse so many connections; return what counts them."""
    refused: list[int] = []

    def open_queue() -> MemoryQueue:
        if len(refused) < times:
            refused.append(1)
            raise DatabaseAway("The studio cannot be reached: too many connections.")
        return setting.queue

    setting.worker._open_queue = open_queue
    return refused


def test_a_run_whose_worker_gets_no_connection_for_now_is_carried_out_once_it_gets_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workers, "WORKER_BEAT", 0.0)
    setting = Setting(0)
    refused = refuse_to_open(setting, 3)
    with setting.carrying_out() as thread:
        thread.join(SOON)
    run = setting.queue.runs[setting.run]
    assert (len(refused), run.exit_code, run.attempt, setting.worker.trouble) == (3, 0, 1, None)


def test_a_connection_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    setting = Setting()
    refused = refuse_to_open(setting, float("inf"))
    monkeypatch.setattr(setting.worker._stopping, "wait", lambda _beat: setting.worker.stop())
    assert setting.worker._open_patiently(setting.run) is None  # asked to end: that is no trouble
    assert len(refused) == 1
    monkeypatch.setattr(workers, "MAX_TROUBLE", -1.0)
    setting.worker._stopping.clear()
    with pytest.raises(DatabaseAway):
        setting.worker._open_patiently(setting.run)
    assert len(refused) == 2


def test_what_cannot_be_carried_out_is_left_to_others() -> None:
    setting = Setting()  # there is no process to start
    with setting.carrying_out() as thread:
        thread.join(0.2)
        assert thread.is_alive()
    assert "could not be carried out" in str(setting.worker.trouble)
    assert setting.queue.runs[setting.run].state is RunState.RUNNING


def repack(pack: Pack, **changes: object) -> Pack:
    checksum = sha256(PICTURE).hexdigest()
    known = replace(pack, pictures={"../me.png": checksum}, contents={checksum: PICTURE})
    return replace(known, **changes)  # type: ignore[arg-type]


def test_a_pack_is_unpacked_as_the_manifest_says(tmp_path: Path) -> None:
    pack = repack(make_pack("me"))
    manifest = unpack(pack, tmp_path)
    assert manifest.read_bytes() == pack.manifest
    assert (manifest.parent / "../me.png").read_bytes() == PICTURE
    assert unpack(pack, tmp_path) == manifest
    other = repack(make_pack("you"))
    assert unpack(other, tmp_path).parent != manifest.parent


@pytest.mark.parametrize("file", ["../spring.yaml", "", "..", "a/b.yaml"])
def test_a_pack_does_not_lead_out_of_its_folder(tmp_path: Path, file: str) -> None:
    with pytest.raises(UsageError, match="no name of a manifest"):
        unpack(repack(make_pack("me"), file=file), tmp_path)


def test_a_picture_makes_way_for_what_the_next_run_has_in_its_place(tmp_path: Path) -> None:
    pack = make_pack("me")
    checksum = sha256(PICTURE).hexdigest()

    def bring(*sources: str) -> Path:
        pictures = dict.fromkeys(sources, checksum)
        manifest = unpack(repack(pack, pictures=pictures), tmp_path)
        for source in sources:
            assert (manifest.parent / source).read_bytes() == PICTURE
        return manifest.parent

    for sources in (("face",), ("face/1.png", "face/a/2.png"), ("face",), ("in",)):
        bring(*sources)
    folder = bring("../a.png")
    state = bring("spring.lookbook/me.png").joinpath("spring.lookbook")
    (folder / "kept").mkdir()
    (folder / "kept" / "mine.txt").touch()
    for kept in ("spring.lookbook", "../in/kept"):  # no picture that was unpacked
        with pytest.raises(StorageError, match="a folder lies there"):
            bring(kept)
    assert (state / "me.png").read_bytes() == PICTURE
    assert (folder / "kept" / "mine.txt").exists()


@pytest.mark.parametrize("source", ["..", ".", "a/..", "../in"])
def test_a_picture_is_no_folder_of_the_manifests(tmp_path: Path, source: str) -> None:
    checksum = sha256(PICTURE).hexdigest()
    with pytest.raises(UsageError, match="folder of the manifest's"):
        unpack(repack(make_pack("me"), pictures={source: checksum}), tmp_path)


def test_pictures_do_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    pack = repack(make_pack("me"))
    (checksum,) = pack.contents
    for source in ("/etc/me.png", "a/../../b/../../../me.png"):
        inner = repack(make_pack("me"), pictures={source: checksum})
        if source.startswith("/"):
            with pytest.raises(UsageError, match="outside"):
                unpack(inner, tmp_path)
        else:
            assert unpack(inner, tmp_path).is_relative_to(tmp_path)
    with pytest.raises(UsageError, match="not in the queue"):
        unpack(repack(make_pack("me"), contents={checksum: b"another"}), tmp_path)


def test_a_worker_whose_engine_is_refused_leaves_and_does_not_say_that_it_serves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    setting = Setting()
    told: list[str] = []

    def refuse(*_given: object) -> None:
        raise StorageError("The engine's tables cannot be made or used.")

    monkeypatch.setattr(setting.engine, "start", refuse)
    with pytest.raises(StorageError):
        setting.worker.serve(lambda: told.append("serves"))
    assert (told, setting.queue.list_workers()) == ([], [])

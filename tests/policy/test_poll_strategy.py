"""Pages or single questions: whichever took fewer requests, learnt from what they took."""

from runner.policy.poll_strategy import PollStrategy


def due(group: str, count: int) -> list[str]:
    return [f"{group}-{number}" for number in range(count)]


def test_several_looks_of_a_group_are_asked_after_by_its_page() -> None:
    looks = due("g", 2)
    assert PollStrategy().begin_round({"g": looks}, watched=10) == ({"g": looks}, [])


def test_one_look_is_asked_after_by_itself() -> None:
    assert PollStrategy().begin_round({"g": due("g", 1)}, watched=10) == ({}, due("g", 1))


def test_looks_in_groups_of_their_own_share_the_pages_of_the_account() -> None:
    groups: dict[str | None, list[str]] = {"g": due("g", 1), "h": due("h", 1), None: due("n", 1)}
    assert PollStrategy().begin_round(groups, watched=10) == ({None: ["g-0", "h-0", "n-0"]}, [])


def test_where_pages_took_more_requests_looks_are_asked_after_singly_and_later_tried_again() -> (
    None
):
    paging = PollStrategy()
    looks = due("g", 4)
    assert paging.begin_round({"g": looks}, watched=10)[0]
    paging.took("g", 4, left=4, watched=10)
    paging.took(None, 4, left=4, watched=10)
    rounds = 0
    while paging.begin_round({"g": looks}, watched=10) == ({}, looks):
        rounds += 1
    assert 3 < rounds < 30


def test_paging_goes_on_while_more_looks_are_missing_than_pages_are_expected() -> None:
    paging = PollStrategy()
    paging.begin_round({"g": due("g", 100)}, watched=200)  # four pages, if nothing else is on them
    assert paging.goes_on("g", 0, 100, of=100)
    assert paging.goes_on("g", 1, 60, of=100)
    assert not paging.goes_on("g", 1, 3, of=100)
    assert not paging.goes_on("g", 4, 1, of=100)


def test_paging_ends_when_single_questions_would_have_done_as_well() -> None:
    paging = PollStrategy()
    paging.begin_round({"g": due("g", 3)}, watched=3)
    assert not paging.goes_on("g", 3, 3, of=3)


def test_what_paging_takes_is_expected_to_grow_with_what_is_in_progress() -> None:
    paging = PollStrategy()
    paging.begin_round({"g": due("g", 9)}, watched=50)
    paging.took("g", 2, left=0, watched=50)
    assert paging.begin_round({"g": due("g", 3)}, watched=50)[0]
    assert "g" not in paging.begin_round({"g": due("g", 3)}, watched=100)[0]

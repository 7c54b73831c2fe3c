"""What the account has is listed to its end, or it is said why not."""

from typing import Any

import pytest

from runner.cli.account import open_account
from runner.cli.commands.looks import MOST, all_looks
from runner.errors import ApiTrouble
from runner.replies import Answer, ListPage, Reply
from tests.cli.hands import Office


@pytest.mark.parametrize(
    ("circling", "words", "pages"), [(True, "begins again", 4), (False, "more than 0", MOST // 50)]
)
async def test_a_list_without_an_end_is_an_error(
    office: Office, circling: bool, words: str, pages: int
) -> None:
    asked: list[str | None] = []

    async def page(*, token: str | None = None, **_asked: Any) -> Reply[Any]:
        asked.append(token)
        number = int(token or 0)
        return Answer(ListPage((), str((number + 1) % 3 + 1 if circling else number + 1)))

    office.api.looks = page  # type: ignore[method-assign]
    async with open_account(office.context) as opened:
        with pytest.raises(ApiTrouble, match=words):
            await all_looks(opened, None)
    assert len(asked) == pages

"""The key of a queued run has to be the account's that it was agreed to for."""

import pytest

from runner.cli.account import open_account
from runner.errors import UsageError
from runner.takes import Account
from tests.cli.hands import ACCOUNT, Office


async def test_a_key_of_another_account_is_refused_before_anything_is_sent(office: Office) -> None:
    other = Account("api.example", "somebody else")
    async with open_account(office.context._replace(account=ACCOUNT)) as opened:
        assert opened.account == ACCOUNT
    office.api.calls.clear()
    with pytest.raises(UsageError, match=r"for api\.example.*somebody else.*this key is"):
        async with open_account(office.context._replace(account=other)):
            pytest.fail("it was opened")
    assert office.api.calls == []

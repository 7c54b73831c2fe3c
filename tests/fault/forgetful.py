"""A session that was opened without importing what results.json knows: for mutations."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from runner.cli.session import OpenSession

__all__ = ["forgetful"]


def forgetful(open_session: Any) -> Any:
    """Return a way to open a session that does not import results."""

    async def unread(self: OpenSession) -> None:
        pass

    @asynccontextmanager
    async def opened(*args: Any, **named: Any) -> AsyncIterator[OpenSession]:
        async with open_session(*args, **named) as work:
            with pytest.MonkeyPatch.context() as meanwhile:
                meanwhile.setattr(OpenSession, "import_results", unread)
                yield work

    return opened

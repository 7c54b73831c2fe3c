"""The installed command and its accounts, as the end-to-end tests have them."""

from tests.e2e.conftest import lookbook, server

__all__ = ["lookbook", "server"]

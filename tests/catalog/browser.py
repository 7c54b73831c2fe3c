"""Debian's Chromium, driven by Playwright, whose own browsers are not needed."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

INTRUSION = """(() => {
    window.stopped = [];
    addEventListener('securitypolicyviolation', event => stopped.push(event.effectiveDirective));
    const script = document.createElement('script');
    script.textContent = 'window.intruder = true';
    document.body.append(script);
    const image = new Image();
    image.src = 'http://127.0.0.1:9/pixel.png';
    document.body.append(image);
    return fetch('http://127.0.0.1:9/').then(() => null, () => null);
})()"""
"""What a page must not do; ``window.stopped`` becomes what its policy forbade."""

STOPPED = ["connect-src", "img-src", "script-src-elem"]
"""The directives that forbid it, in alphabetical order."""


@contextmanager
def open_chromium() -> Iterator[Any]:
    """Start a browser without a window; ends it at the end."""
    # By name, so that the types can be checked where the browser extra is not installed.
    playwright: Any = import_module("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def wait_until(page: Any, expression: str, arg: object = None, seconds: float = 120) -> None:
    """Wait until an expression is true in a page; fails after so many seconds.

    Playwright's ``wait_for_function`` asks once from outside and then from inside of the page,
    where a policy without ``unsafe-eval`` refuses it: it fails whenever the first answer is no.
    """
    end = time.monotonic() + seconds
    while not page.evaluate(expression, arg):
        assert time.monotonic() < end, f"still not true: {expression}"
        page.wait_for_timeout(20)

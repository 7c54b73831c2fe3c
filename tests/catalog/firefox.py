"""Debian's Firefox, driven over WebDriver BiDi, which it speaks without a driver beside it.

Playwright drives a Firefox of its own making only. What is here is as much of the protocol as the
tests need. Every wait is for a condition; its bound only ends what would hang for ever.
"""

import base64
import itertools
import json
import shutil
import subprocess
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any

__all__ = ["FIREFOX", "Firefox", "Page", "open_firefox"]

FIREFOX = next(filter(None, map(shutil.which, ("firefox-esr", "firefox"))), None)

HANGS = 120_000
"""Milliseconds after which a condition counts as one that never comes."""

QUIET: dict[str, bool | int | str] = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.shell.checkDefaultBrowser": False,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.push.connection.enabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.disablePrefetch": True,
    "services.settings.server": "data:,none",
    "toolkit.telemetry.enabled": False,
}
"""What keeps the browser itself off the network; the page's own requests are watched."""

DARK = {"ui.systemUsesDarkTheme": 1, "layout.css.prefers-color-scheme.content-override": 0}
LIGHT = {"ui.systemUsesDarkTheme": 0, "layout.css.prefers-color-scheme.content-override": 1}

KEYS = {
    "ArrowDown": "\ue015",
    "ArrowLeft": "\ue012",
    "ArrowRight": "\ue014",
    "ArrowUp": "\ue013",
    "Enter": "\ue007",
    "Escape": "\ue00c",
    "Tab": "\ue004",
}

WITNESS = """() => addEventListener('securitypolicyviolation',
    event => console.error('the policy stopped ' + event.violatedDirective), true)"""
"""Makes what the Content-Security-Policy stops a message that the tests hear."""


class Firefox:
    """One running browser. ``problems`` is what went wrong in any of its pages."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self.problems: list[str] = []
        self.requests: list[str] = []
        self.version: str = self.send("session.new", capabilities={})["capabilities"][
            "browserVersion"
        ]
        events = ["log.entryAdded", "network.beforeRequestSent", "browsingContext.userPromptOpened"]
        self.send("session.subscribe", events=events)
        self.send("script.addPreloadScript", functionDeclaration=WITNESS)

    def send(self, method: str, **parameters: Any) -> Any:
        """Send one command and return its result; events that come meanwhile are kept."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv())
            if message["type"] == "event":
                self._hear(message["method"], message["params"])
            elif message.get("id") == number:
                if message["type"] == "error":
                    raise AssertionError(f"{method}: {message['error']}: {message['message']}")
                return message["result"]

    def _hear(self, event: str, told: Mapping[str, Any]) -> None:
        if event == "log.entryAdded" and told["level"] in ("error", "warn"):
            self.problems.append(str(told["text"]))
        elif event == "browsingContext.userPromptOpened":
            self.problems.append(f"a dialog opened: {told['message']}")
        elif event == "network.beforeRequestSent":
            self.requests.append(told["request"]["url"])

    def page(self, width: int = 1280, height: int = 900) -> "Page":
        """Open a tab of so many CSS pixels."""
        context = self.send("browsingContext.create", type="tab")["context"]
        size = {"width": width, "height": height}
        self.send("browsingContext.setViewport", context=context, viewport=size)
        return Page(self, context)


class Page:
    """One tab."""

    def __init__(self, firefox: Firefox, context: str) -> None:
        self._firefox = firefox
        self._context = context

    def open(self, address: str) -> None:
        """Load an address, everything that it needs at once included."""
        self._send("browsingContext.navigate", url=address, wait="complete")

    def reload(self) -> None:
        """Load the same address again."""
        self._send("browsingContext.reload", wait="complete")

    def close(self) -> None:
        """Close the tab; what it had to say is heard first."""
        self.run("new Promise(done => setTimeout(done))")
        self._send("browsingContext.close")

    def run(self, script: str) -> Any:
        """Return the value of an expression as JSON knows it; a promise is waited for."""
        made = self._evaluate(f"(async () => JSON.stringify(await ({script})))()", wait=True)
        value = made.get("value")
        return None if value is None else json.loads(value)

    def until(self, condition: str) -> None:
        """Wait until an expression is true."""
        came = self.run(
            f"""new Promise(done => {{
                const end = Date.now() + {HANGS};
                const look = () => {{
                    if ({condition}) done(true);
                    else if (Date.now() > end) done(false);
                    else requestAnimationFrame(look);
                }};
                look();
            }})"""
        )
        assert came, f"it never came to be that {condition}"

    def press(self, *keys: str) -> None:
        """Press keys, one after another, wherever the focus is."""
        actions = [
            {"type": kind, "value": KEYS.get(key, key)}
            for key in keys
            for kind in ("keyDown", "keyUp")
        ]
        self._act({"type": "key", "id": "keyboard", "actions": actions})

    def type(self, text: str) -> None:
        """Type letters."""
        self.press(*text)

    def click(self, selector: str, nth: int = 0) -> None:
        """Scroll to an element, and click into its middle."""
        script = f"document.querySelectorAll({json.dumps(selector)})[{nth}]"
        self.run(f"void {script}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
        found = self._evaluate(script, wait=False)
        assert "sharedId" in found, f"there is no {selector}"
        element = {"type": "element", "element": {"sharedId": found["sharedId"]}}
        actions = [
            {"type": "pointerMove", "x": 0, "y": 0, "origin": element},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        self._act({"type": "pointer", "id": "mouse", "actions": actions})

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Press the mouse at one place of the window and let it go at another."""
        moves = [{"type": "pointerMove", "x": round(x), "y": round(y)} for x, y in (start, end)]
        down, up = ({"type": f"pointer{which}", "button": 0} for which in ("Down", "Up"))
        actions = [moves[0], down, moves[1], up]
        self._act({"type": "pointer", "id": "mouse", "actions": actions})

    def box(self, selector: str) -> dict[str, float]:
        """Return where an element stands in the window: x, y, width, height."""
        found: dict[str, float] = self.run(
            "(({x, y, width, height}) => ({x, y, width, height}))"
            f"(document.querySelector({json.dumps(selector)}).getBoundingClientRect())"
        )
        return found

    def back(self) -> None:
        """Go back, as the browser's button does."""
        self._send("browsingContext.traverseHistory", delta=-1)

    def text(self, selector: str) -> str:
        """Return what an element says to somebody who looks at it."""
        return str(self.run(f"document.querySelector({json.dumps(selector)}).innerText"))

    def visible(self, selector: str) -> bool:
        """Return whether an element is there and shows."""
        return bool(
            self.run(f"!!document.querySelector({json.dumps(selector)})?.checkVisibility()")
        )

    def count(self, selector: str) -> int:
        """Return how many elements there are."""
        return int(self.run(f"document.querySelectorAll({json.dumps(selector)}).length"))

    def drawn(self, selector: str) -> None:
        """Wait until every picture there is drawn."""
        self.until(
            f"[...document.querySelectorAll({json.dumps(selector)})]"
            ".every(image => image.complete && image.naturalWidth)"
        )

    def shot(self) -> bytes:
        """Return what the window shows, as a PNG."""
        return base64.b64decode(self._send("browsingContext.captureScreenshot")["data"])

    def paper(self) -> bytes:
        """Return the page printed, as a PDF."""
        return base64.b64decode(self._send("browsingContext.print", background=False)["data"])

    def _act(self, source: Mapping[str, Any]) -> None:
        self._send("input.performActions", actions=[source])
        self.run("new Promise(done => requestAnimationFrame(done))")

    def _evaluate(self, script: str, *, wait: bool) -> Any:
        answer = self._firefox.send(
            "script.evaluate",
            expression=script,
            target={"context": self._context},
            awaitPromise=wait,
            userActivation=True,
        )
        if answer["type"] == "exception":
            raise AssertionError(f"{script}: {answer['exceptionDetails']['text']}")
        return answer["result"]

    def _send(self, method: str, **parameters: Any) -> Any:
        return self._firefox.send(method, context=self._context, **parameters)


@contextmanager
def open_firefox(preferences: Mapping[str, bool | int | str] = LIGHT) -> Iterator[Firefox]:
    """Start a browser without a window and with a profile of its own; ends both at the end."""
    # By name, so that the types can be checked where the browser extra is not installed.
    client: Any = import_module("websockets.sync.client")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        lines = [
            f"user_pref({json.dumps(name)}, {json.dumps(value)});"
            for name, value in {**QUIET, **preferences}.items()
        ]
        Path(profile, "user.js").write_text("\n".join(lines), "utf-8")
        port = ["--remote-debugging-port", "0"]
        with subprocess.Popen(
            [str(FIREFOX), "--headless", "--no-remote", "--profile", profile, *port],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            # What it says goes on to be read: a full pipe would stop it.
            reader = Thread(target=deque, args=(process.stderr, 0))
            try:
                address = _address(process)
                reader.start()
                with client.connect(f"{address}/session", max_size=None) as socket:
                    yield Firefox(socket)
            finally:
                process.terminate()
                process.wait()
                if reader.ident is not None:
                    reader.join()


def _address(process: "subprocess.Popen[str]") -> str:
    """Read from what the browser says where it listens."""
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if "WebDriver BiDi listening on " in line:
            return line.rpartition(" on ")[2].strip()
    raise AssertionError(f"Firefox did not start: {''.join(said)}")

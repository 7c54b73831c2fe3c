"""The review page with 100 and 1,000 looks: first view, key press to next look, memory.

The page is served by the command itself and opened in Chromium (the extra ``browser``); without
one nothing is measured. The campaign is a matrix whose looks were all made on the simulator.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from bench.command import lookbook
from bench.report import Row

SIZES = ((10, 10), (40, 25))
PRESSES = 15
SEEN = 3.0
"""Seconds after which a thousand looks are there to be decided."""
AT_ONCE = 0.1
"""Seconds in which what a key does seems to happen at once."""

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]

PRESS = """async ([key, times]) => {
    const frame = () => new Promise(requestAnimationFrame);
    const settled = async (before) => {
        while (chosen === before) await frame();
        await frame();
    };
    const took = [];
    for (let i = 0; i < times; i += 1) {
        const [begun, before] = [performance.now(), chosen];
        (document.activeElement ?? document).dispatchEvent(
            new KeyboardEvent('keydown', { key, bubbles: true }));
        await settled(before);
        took.push((performance.now() - begun) / 1000);
    }
    return took;
}"""
"""Presses a key and waits until another look is chosen and drawn; gives seconds."""


def measure(*, quick: bool) -> list[Row]:
    """Open the page of each size; ``quick`` leaves out the large one."""
    if CHROMIUM is None or find_spec("playwright") is None:
        return []
    sizes = SIZES[:1] if quick else SIZES
    found = {rows * columns: open_page(rows, columns) for rows, columns in sizes}
    rows = []
    for looks, told in found.items():
        rows += [
            Row(f"first view, {looks:,} looks", told["first"], goal=SEEN, unit="s"),
            Row(f"arrow to the next look, {looks:,} looks", told["arrow"], AT_ONCE, unit="s"),
            Row(f"A approves and goes on, {looks:,} looks", told["approve"], unit="s"),
            Row(f"memory of the server, {looks:,} looks", told["server"] / 1e6, unit="MB"),
            Row(f"memory of the page's script, {looks:,} looks", told["heap"] / 1e6, unit="MB"),
        ]
    if len(found) > 1:
        small, large = found.values()
        rows.append(Row("arrow: 1,000 looks against 100", large["arrow"] / small["arrow"]))
    return rows


def open_page(rows: int, columns: int) -> dict[str, float]:
    """Make a campaign, serve it, and measure its page."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.yaml"
        path.write_text(write_manifest(rows, columns), "utf-8")
        rehearsal = ("--sim", "latency=fixed:0", "--sim", "pictures=off")
        lookbook("run", path, "--simulate", "--yes", *rehearsal, env={**os.environ})
        words = [sys.executable, "-m", "runner", "review", str(path), "--simulate", "--no-browser"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            try:
                address = re.search(r"http://\S+", server.stdout.readline())
                assert address is not None
                told = use_page(address[0], rows * columns)
                status = Path(f"/proc/{server.pid}/status").read_text("utf-8")
                peak = re.search(r"VmHWM:\s+(\d+) kB", status)
                return told | {"server": float(peak[1]) * 1024 if peak else 0.0}
            finally:
                server.kill()


def use_page(address: str, looks: int) -> dict[str, float]:
    """Open the page, go from look to look, and approve some."""
    playwright: Any = import_module("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(address)
        page.locator(".tile").nth(looks).wait_for(state="attached")
        page.locator(".panel h2").wait_for()
        first = page.evaluate("new Promise(requestAnimationFrame)") / 1000
        told = {
            "first": first,
            "arrow": median(page.evaluate(PRESS, ["ArrowDown", min(PRESSES, 8)])),
            "approve": median(page.evaluate(PRESS, ["a", PRESSES])),
            "heap": page.evaluate("performance.memory.usedJSHeapSize"),
        }
        browser.close()
    return told


def write_manifest(rows: int, columns: int) -> str:
    """Return a campaign of a base and one matrix."""
    outfits = "".join(f"        o{n}: outfit number {n} in wool\n" for n in range(rows))
    settings = "".join(f"        s{n}: setting number {n} at dusk\n" for n in range(columns))
    return (
        "version: 1\ncampaign: bench\n"
        'base: {name: Sarah, prompt: "A woman in her 30s, smiling, in a bright studio"}\n'
        'matrix:\n  - id: "${outfit}-${setting}"\n'
        "    prompt: Wearing ${outfit.text}, ${setting.text}, friendly smile\n"
        f"    axes:\n      outfit:\n{outfits}      setting:\n{settings}"
    )

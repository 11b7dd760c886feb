"""An Explorer in marimo, which shows anywidgets and no other widgets."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from explorer_view import ExplorerView
from playwright.sync_api import Browser, Page, expect
from watch import Watch

pytest.importorskip("marimo")
ROOT = Path(__file__).parents[2]
SHOWN_MS = 120_000
START_S = 120

APP = f"""
import marimo
app = marimo.App(width="full")

@app.cell
def _():
    import sys
    sys.path.insert(0, {str(ROOT / "tests")!r})
    import marimo as mo
    from imbxai_widgets import Explorer
    from small_analysis import make_analysis
    explorer = Explorer(make_analysis((60, 30, 12, 5)))
    def answer(change):
        if change.new == "c2":
            explorer.selected_class = "c3"
    explorer.observe(answer, "selected_class")
    return explorer, mo

@app.cell
def _(explorer):
    explorer

@app.cell
def _(explorer, mo):
    mo.ui.anywidget(explorer)
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the app on the loopback address."""
    folder, port = tmp_path_factory.mktemp("marimo"), _free_port()
    (folder / "app.py").write_text(APP)
    command = [sys.executable, "-m", "marimo", "-q", "run", "app.py", "--headless", "--no-token"]
    paths = {"PYTHONPATH": str(ROOT), "HOME": str(folder), "MARIMO_SKIP_UPDATE_CHECK": "1"}
    with open(folder / "log", "wb") as log:
        server = subprocess.Popen(
            [*command, "--host=127.0.0.1", f"--port={port}"],
            cwd=folder,
            env={**os.environ, **paths},
            stdout=log,
            stderr=log,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + START_S
        while True:
            try:
                urlopen(address, timeout=5).close()
                break
            except (URLError, TimeoutError):
                assert server.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline, (folder / "log").read_text()
                time.sleep(0.2)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=30)


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    watch = Watch(page, allowed_host=url.partition("//")[2])
    page.goto(url)
    yield page
    context.close()
    watch.check()


def test_the_panels_are_linked_with_one_another_and_with_python(page: Page) -> None:
    explorer = page.locator(".imbxai-explorer")
    expect(explorer).to_have_count(1, timeout=SHOWN_MS)
    header, row = explorer.locator(".imbxai-header"), '.imbxai-picker [data-class="{}"]'
    expect(header).to_be_visible(timeout=SHOWN_MS)
    explorer.locator(row.format("c0")).click()
    expect(header).to_contain_text("c0")
    explorer.locator(row.format("c2")).click()
    expect(header).to_contain_text("c3", timeout=SHOWN_MS)  # which Python answers with
    bars = explorer.locator(".imbxai-svg-chart rect")
    longest = "(bars) => Math.max(...bars.map((bar) => bar.getBoundingClientRect().width))"
    assert bars.evaluate_all(longest) > 20
    ExplorerView(explorer).look_closer(explorer.locator(".imbxai-archetypes [data-image]").first)


def test_the_explorer_itself_says_what_to_show(page: Page) -> None:
    text = "An Explorer is many widgets: show explorer.as_anywidget() in its place."
    expect(page.get_by_text(text)).to_be_visible(timeout=SHOWN_MS)

"""How fast the Explorer opens and follows a click, from 10 to 10,000 classes.

::

    python -m tests.benchmarks.explorer [--classes 10 100 1000 10000] [--clicks 200] [--files]

drives JupyterLab in Chromium, over an analysis of 100,000 images, which are small and in memory or,
with `--files`, photographs on disk, and prints one line for each number of classes and each kind of
click. A click goes to a visible row of the class list.
`numbers` is the time to the frame after which no text changes any more in the panels in sight,
`pictures` that to the frame after which no image is drawn there any more; a click is over when all
panels in sight show the class and nothing has changed for a quarter of a second. `cached` are
clicks on classes shown before (or all, where all cards come along), `seen` those on other classes
whose row was in sight for a second, `pointed` those on whose row a pointer rested for 150 ms as
soon as it was, and `fetched` those at once, whose card the page asks of the kernel only then. "CPU"
is processor time, which a busy machine does not stretch: of the kernel for an Explorer, and of the
page's main thread for a click. Memory and DOM nodes are Chromium's own counts, after its garbage
collection.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(ROOT / "tests")]

import chromium  # noqa: E402
from lab import serve  # noqa: E402
from notebook_page import NotebookPage  # noqa: E402
from playwright.sync_api import CDPSession, Page, sync_playwright  # noqa: E402
from watch import Watch  # noqa: E402

from conftest import ARGUMENTS, VIEWPORT  # type: ignore[attr-defined]  # noqa: E402

KINDS = ("cached", "seen", "pointed", "fetched")

PREPARE = f"""
import sys, tempfile, time
from pathlib import Path
sys.path.insert(0, {str(ROOT)!r})
from imbxai_widgets import Explorer
from tests.benchmarks.large_analysis import large_analysis
files = tempfile.TemporaryDirectory()
analysis = large_analysis({{classes}}, folder=Path(files.name) if {{files}} else None)
"""
OPEN = """
start = time.process_time()
explorer = Explorer(analysis)
python_seconds = time.process_time() - start
display(explorer)
"""

# Notes when the last text and the last image of the panels in sight were painted. A change is
# painted with the next frame, which is over when a task runs that its animation callback queues.
_HOOKS = """() => {
  const panel = (name) => document.querySelector(`.imbxai-explorer [data-testid=imbxai-${name}]`);
  const page = document.querySelector(".jp-WindowedPanel-outer");
  const sight = (element) => {
    const { top, bottom } = element.getBoundingClientRect();
    return element.checkVisibility({ visibilityProperty: true }) && top < page.clientHeight
      && bottom > 0;
  };
  const bench = window.bench = { panel, done: null, painted: {}, drawn: {}, queued: false };
  const changed = { numbers: new Set(), pictures: new Set() };
  // Where they are is asked once all is laid out, or the page would be laid out for the question.
  const painted = () => {
    bench.queued = false;
    const now = performance.now();
    for (const [kind, panels] of Object.entries(changed)) {
      for (const each of panels) {
        if (!sight(each)) continue;
        bench.painted[kind] = now;
        bench.drawn[`${kind} ${each.dataset.testid}`] = now;
      }
      panels.clear();
    }
  };
  const note = (kind, element) => {
    const of = element?.closest("[data-testid^=imbxai-]");
    if (of) changed[kind].add(of);
    if (!of || bench.queued) return;
    bench.queued = true;
    requestAnimationFrame(() => setTimeout(painted, 0));
  };
  const draw = CanvasRenderingContext2D.prototype.drawImage;
  CanvasRenderingContext2D.prototype.drawImage = function (...all) {
    note("pictures", this.canvas);
    return draw.apply(this, all);
  };
  new MutationObserver((records) => {
    for (const { target } of records) note("numbers", target.parentElement ?? target);
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
  // The panels with images that a reader sees: that of all images draws nothing out of sight.
  bench.seen = () => ["archetypes", "images"].filter((name) => panel(name) && sight(panel(name)));
  bench.wait = (start, complete) => new Promise((resolve, reject) => {
    const drawn = () => bench.seen().every(
      (name) => bench.drawn[`pictures imbxai-${name}`] > start);
    const look = () => {
      const still = performance.now() - Math.max(start, ...Object.values(bench.drawn)) > 250;
      if (performance.now() > start + 60000) reject(new Error("not drawn after a minute"));
      else if (still && !bench.queued && complete() && drawn()) {
        resolve(["numbers", "pictures"].map((kind) => bench.painted[kind] - start));
      } else setTimeout(look, 20);
    };
    look();
  });
}"""

_RUN_NEXT_CELL = """() => {
  const { content } = window.jupyterapp.shell.currentWidget;
  content.activeCellIndex = 1;
  window.bench.done = null;
  const start = performance.now();
  window.jupyterapp.commands.execute("notebook:run-cell");
  window.bench.wait(start, () => document.querySelector(".imbxai-header h2") &&
    document.querySelector(".imbxai-picker [role=option]") &&
    document.querySelector(".imbxai-chart.bqplot rect.bar") &&
    document.querySelector(".imbxai-overview-summary"))
    .then((times) => { window.bench.done = { time: Math.max(...times) }; });
}"""

# Scrolls to a part of the list and picks the row in the middle of what is seen.
_SCROLL = """async (part) => {
  const list = document.querySelector(".imbxai-picker-list");
  list.scrollTop = part * (list.scrollHeight - list.clientHeight);
  await new Promise((go) => requestAnimationFrame(() => setTimeout(go, 50)));
  const box = list.getBoundingClientRect();
  const seen = [...list.querySelectorAll("[role=option]")].filter((row) => {
    const { top, bottom } = row.getBoundingClientRect();
    return top >= box.top && bottom <= box.bottom && row.getAttribute("aria-selected") !== "true";
  });
  window.bench.row = seen[Math.floor(seen.length / 2)];
  return window.bench.row.dataset.class;
}"""

_MIDDLE = """() => {
  const { x, y, width, height } = window.bench.row.getBoundingClientRect();
  return [x + width / 2, y + height / 2];
}"""

_CLICK = """(name) => {
  const { panel, seen, wait, row } = window.bench;
  const start = performance.now();
  row.click();
  const label = (of) => panel(of).querySelector("[data-image]")?.getAttribute("aria-label");
  return wait(start, () => panel("header").querySelector("h2").textContent === name &&
    seen().every((of) => label(of)?.includes(`Label: ${name},`)));
}"""


class Traffic:
    """Counts what goes over the page's web sockets, and notes whose cards the page asks for."""

    def __init__(self, page: Page) -> None:
        self.bytes = 0
        self.asked: set[int] = set()
        page.on("websocket", self._listen)

    def _listen(self, socket: Any) -> None:
        socket.on("framereceived", self._count)
        socket.on("framesent", self._count)
        socket.on("framesent", self._note)

    def _count(self, payload: str | bytes) -> None:
        self.bytes += len(payload)

    def _note(self, payload: str | bytes) -> None:
        text = payload if isinstance(payload, str) else payload.decode(errors="replace")
        self.asked.update(map(int, re.findall(r'"type": ?"card", ?"index": ?(\d+)', text)))


def measure(
    notebook: NotebookPage, cdp: CDPSession, classes: int, clicks: int, *, files: bool
) -> dict[str, Any]:
    """Open an Explorer of `classes` classes and click in it."""
    page, traffic = notebook.page, Traffic(notebook.page)
    cells = [PREPARE.format(classes=classes, files=files), "pass"]
    notebook.open(f"bench-{classes}.ipynb", cells)
    page.evaluate(_HOOKS)
    cell = "window.jupyterapp.shell.currentWidget.content.widgets[1].model.sharedModel"
    page.evaluate(f"(source) => {{ {cell}.setSource(source); }}", OPEN)
    before = traffic.bytes
    page.evaluate(_RUN_NEXT_CELL)
    opened = finish(page, 120_000)
    row: dict[str, Any] = {"classes": classes, "open_s": opened / 1000}
    row["python_s"] = notebook.value("python_seconds")
    row["open_MB"] = (traffic.bytes - before) / 1e6
    eager = notebook.value("len(explorer._linker.cards) > 0")
    rng = np.random.default_rng(1)
    recent: list[float] = []
    times: dict[str, list[list[float]]] = {kind: [] for kind in KINDS}
    click_at(page, cdp, 0.5)  # warms up
    middle = None
    known: set[str] = set()
    sent: list[int] = []
    busy: list[float] = []
    for number in range(2 * clicks):
        if number == clicks:
            middle = memory(cdp)
        repeat = recent and number % 2
        part = recent[rng.integers(len(recent))] if repeat else float(rng.random())
        start, asked = traffic.bytes, set(traffic.asked)
        kind = {0: "pointed", 2: "seen"}.get(number % 6, "fetched")
        name, both, cpu = click_at(page, cdp, part, kind)
        busy.append(cpu)
        sent.append(traffic.bytes - start)
        if eager or name in known:
            times["cached"].append(both)
        elif kind == "seen" or int(name.split()[-1]) not in asked:  # else fetched ahead before
            times[kind].append(both)
        known.add(name)
        recent = [*recent, part][-20:]
    row["cpu_ms"] = float(np.mean(busy))
    row["before"], row["after"] = middle, memory(cdp)
    row["bytes"] = float(np.mean(sent))
    row["clicks"] = {kind: np.array(values) for kind, values in times.items() if values}
    row["nodes"] = page.evaluate("() => document.querySelectorAll('.imbxai-explorer *').length")
    return row


def click_at(
    page: Page, cdp: CDPSession, part: float, kind: str = "fetched"
) -> tuple[str, list[float], float]:
    """Click in the list; return the class, and milliseconds.

    To the last number and the last picture by the clock, and of the processor.
    """
    page.mouse.move(0, 0)
    name = page.evaluate(_SCROLL, part)
    page.wait_for_timeout(100)  # what the scrolling brings along is no part of the click
    if kind == "seen":
        page.wait_for_timeout(900)
    elif kind == "pointed":
        page.mouse.move(*page.evaluate(_MIDDLE))
        page.wait_for_timeout(150)
    busy = metrics(cdp)["TaskDuration"]
    times = page.evaluate(_CLICK, name)
    return name, times, (metrics(cdp)["TaskDuration"] - busy) * 1000


def finish(page: Page, timeout: float) -> float:
    done = page.wait_for_function("() => window.bench.done", timeout=timeout, polling=20)
    return float(done.json_value()["time"])


def metrics(cdp: CDPSession) -> dict[str, float]:
    """Return what Chromium counts for the page."""
    return {each["name"]: each["value"] for each in cdp.send("Performance.getMetrics")["metrics"]}


def memory(cdp: CDPSession) -> tuple[float, int]:
    """Return MB on the JavaScript heap and the number of DOM nodes, once garbage is collected."""
    for _ in range(3):
        cdp.send("HeapProfiler.collectGarbage")
    found = metrics(cdp)
    return found["JSHeapUsedSize"] / 1e6, int(found["Nodes"])


def show(row: dict[str, Any]) -> None:
    (mb, nodes), (mb_after, nodes_after) = row["before"], row["after"]
    print(
        f"{row['classes']:,} classes: opens in {row['open_s']:.2f} s, {row['python_s']:.2f} s of "
        f"it of the kernel, and {row['open_MB']:.2f} MB; a click takes {row['cpu_ms']:.0f} ms of "
        f"the main thread, {row['bytes'] / 1000:.1f} kB; heap {mb:.1f} → {mb_after:.1f} MB, nodes "
        f"{nodes:,} → {nodes_after:,}, of the Explorer {row['nodes']:,}"
    )
    for kind, values in row["clicks"].items():
        (numbers, pictures), (numbers_95, pictures_95) = np.percentile(values, [50, 95], axis=0)
        print(
            f"    {kind:<8} {len(values):>4} clicks, p50 / p95: numbers {numbers:.0f} / "
            f"{numbers_95:.0f} ms, pictures {pictures:.0f} / {pictures_95:.0f} ms",
            flush=True,
        )


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--classes", type=int, nargs="+", default=[10, 100, 1000, 10_000])
    parser.add_argument("--clicks", type=int, default=200, help="before and after the first look")
    parser.add_argument("--files", action="store_true", help="photographs on disk")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as home,
        serve(Path(home)) as lab,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=ARGUMENTS)
        print(f"{os.cpu_count()} cores, {platform.machine()}, Chromium {browser.version}\n")
        for classes in given.classes:
            page = browser.new_context(viewport=VIEWPORT).new_page()
            cdp = page.context.new_cdp_session(page)
            cdp.send("Performance.enable", {"timeDomain": "threadTicks"})
            notebook = NotebookPage(page, lab, Watch(page, urlsplit(lab.url).netloc))
            show(measure(notebook, cdp, classes, given.clicks, files=given.files))
            page.context.close()


if __name__ == "__main__":
    main()

"""How long the map takes to be drawn, and a frame of it, from 1,000 to a million images.

    python -m tests.benchmarks.map_drawing [--images 1000 10000 100000 1000000]

Drives JupyterLab in Chromium, over analyses of ten classes whose neighbors are drawn by class, and
prints one line for each number of images. `places` is from opening the tab to the first points,
`share` to the figures beside them. A frame is one step of a zoom, from the wheel to the finished
pixels, read back; `select` the time from a click on another class to these.
"""

from __future__ import annotations

import argparse
import os
import platform
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
from playwright.sync_api import Browser, sync_playwright  # noqa: E402
from test_map import FRAMES  # noqa: E402
from watch import Watch  # noqa: E402

from conftest import ARGUMENTS, VIEWPORT  # type: ignore[attr-defined]  # noqa: E402

PREPARE = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from imbxai_widgets import Explorer
from tests.benchmarks.large_analysis import large_analysis
analysis = large_analysis(10, {{images}})
"""
PATIENCE_MS = 300_000

# Milliseconds until another class stands out.
SELECT = """async () => {
  const canvas = document.querySelector(".imbxai-map-canvas");
  const context = canvas.getContext("2d");
  const before = canvas.toDataURL();
  const start = performance.now();
  document.querySelector(".imbxai-picker [role=option][aria-selected=false]").click();
  while (canvas.toDataURL() === before) {
    await new Promise((done) => requestAnimationFrame(done));
    if (performance.now() > start + 60000) throw new Error("not drawn after a minute");
  }
  return performance.now() - start;
}"""

OPENED = """() => {
  window.bench = { start: performance.now() };
  [...document.querySelectorAll("[role=tab]")].find((tab) => tab.textContent === "Map").click();
  document.querySelector("[data-testid=imbxai-map]").scrollIntoView();
  const look = () => {
    const canvas = document.querySelector(".imbxai-map-canvas");
    const words = document.querySelector(".imbxai-map-words");
    const now = performance.now() - window.bench.start;
    if (!window.bench.places && canvas && filled(canvas)) window.bench.places = now;
    if (!window.bench.share && words?.textContent.includes("are kept")) window.bench.share = now;
    if (window.bench.places && window.bench.share) window.bench.done = true;
    else requestAnimationFrame(look);
  };
  const filled = (canvas) => {
    if (!canvas.width || !canvas.height) return false;
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.some((value, at) => at % 4 === 3 && value > 20);
  };
  look();
}"""


def measure(notebook: NotebookPage, images: int) -> dict[str, Any]:
    """Open the map of `images` images, and move in it."""
    page = notebook.page
    cells = [PREPARE.format(images=images), "explorer = Explorer(analysis)\nexplorer"]
    notebook.open(f"map-{images}.ipynb", cells)
    page.locator(".imbxai-picker [role=option]").first.wait_for(timeout=PATIENCE_MS)
    page.get_by_role("tab", name="Map").scroll_into_view_if_needed(timeout=PATIENCE_MS)
    page.wait_for_timeout(2000)
    page.evaluate(OPENED)
    page.wait_for_function("() => window.bench.done", timeout=PATIENCE_MS)
    found = page.evaluate("() => window.bench")
    page.wait_for_timeout(500)
    frames = page.evaluate(FRAMES, 40)
    found["frames"] = [float(np.percentile(frames[5:], each)) for each in (50, 95)]
    found["select"] = page.evaluate(SELECT)
    found["heap"] = page.evaluate("() => performance.memory.usedJSHeapSize") / 1e6
    return dict(found)


def show(browser: Browser, lab: Any, images: int) -> None:
    context = browser.new_context(viewport=VIEWPORT)
    page = context.new_page()
    watch = Watch(page, urlsplit(lab.url).netloc)
    found = measure(NotebookPage(page, lab, watch), images)
    watch.check()
    frames = " / ".join(f"{each:.0f}" for each in found["frames"])
    shown = round(1.2 * images)
    print(
        f"| {shown:,} | {found['places'] / 1000:.2f} | {found['share'] / 1000:.2f} | {frames} | "
        f"{found['select']:.0f} | {found['heap']:.0f} |",
        flush=True,
    )
    context.close()


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    sizes = [1000, 10_000, 100_000, 1_000_000]
    parser.add_argument("--images", type=int, nargs="+", default=sizes, help="for training")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as home,
        serve(Path(home)) as lab,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=ARGUMENTS)
        page = browser.new_page()
        context = "document.createElement('canvas').getContext('webgl')"
        drawn_by = page.evaluate(
            f"() => {{ const g = {context}; g.getExtension('WEBGL_debug_renderer_info');"
            " return g.getParameter(37446); }"
        )
        page.close()
        print(f"{os.cpu_count()} cores, {platform.machine()}, Chromium {browser.version}")
        print(f"WebGL by {drawn_by}\n")
        print(
            "| images | places, s | share, s | frame p50 / p95, ms | select, ms | heap, MB |",
            "| --: | --: | --: | --: | --: | --: |",
            sep="\n",
        )
        for images in given.images:
            show(browser, lab, images)


if __name__ == "__main__":
    main()

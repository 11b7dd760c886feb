"""How long a frame of the decision map takes while its line moves.

::

    python -m tests.benchmarks.decision_moves

drives JupyterLab in Chromium over the images of `tests.benchmarks.what_if`, with one thread
(``OMP_NUM_THREADS=1``): 5,000 of those of the smallest class and the largest are drawn, and all
that the line can reach are counted. A frame is from the slider's event to the finished pixels, read
back, with the numbers in the table and the panel of remedies beside it. `busy` is the part of it in
which the page computes, up to the end of the event.
"""

from __future__ import annotations

import os
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
from playwright.sync_api import Page, sync_playwright  # noqa: E402
from watch import Watch  # noqa: E402

from conftest import ARGUMENTS, VIEWPORT  # type: ignore[attr-defined]  # noqa: E402
from tests.benchmarks._results import write_results  # noqa: E402
from tests.benchmarks.moves import PREPARE  # noqa: E402

FRAMES = 200
SMALLEST, LARGEST = "9", "0"

_MOVE = """async ([panel, frames]) => {
  const slider = panel.querySelector("[type=range]");
  const canvas = panel.querySelector(".imbxai-decision-plot canvas");
  const cell = panel.querySelector("tbody button");
  const told = new Set(), times = [];
  for (let frame = 0; frame < frames; frame++) {
    slider.value = String(((frame % 100) - 50) / 20);
    const start = performance.now();
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    const busy = performance.now() - start;
    await new Promise(requestAnimationFrame);
    canvas.getContext("2d").getImageData(0, 0, 1, 1);
    times.push([performance.now() - start, busy]);
    told.add(cell.textContent);
  }
  if (told.size < 20) throw new Error("the numbers do not move");
  return times;
}"""


def measure(page: Page) -> dict[str, Any]:
    """Return how long frames take, in seconds, and of how many images."""
    panel = page.get_by_test_id("imbxai-decision_map")
    panel.scroll_into_view_if_needed()
    drawn = panel.get_by_text("images are drawn").inner_text()
    given: list[Any] = [panel.element_handle(), 20]
    page.evaluate(_MOVE.replace("told.size < 20", "false"), given)
    times = np.array(page.evaluate(_MOVE, [given[0], FRAMES])) / 1000
    found: dict[str, Any] = {"drawn": drawn}
    for column, kind in enumerate(("frame", "busy")):
        for percent in (50, 95):
            key = f"{kind} p{percent}"
            found[key] = round(float(np.percentile(times[:, column], percent)), 4)
    return found


def main() -> None:
    """Measure, and keep the figures."""
    with (
        tempfile.TemporaryDirectory() as home,
        serve(Path(home)) as lab,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=ARGUMENTS)
        page = browser.new_context(viewport=VIEWPORT).new_page()
        notebook = NotebookPage(page, lab, Watch(page, urlsplit(lab.url).netloc))
        show = f"explorer.selected_class = {SMALLEST!r}\nexplorer"
        notebook.open("decision_moves.ipynb", [PREPARE, show])
        page.get_by_role("tab", name="What if").click(timeout=60_000)
        panel = page.get_by_test_id("imbxai-decision_map")
        panel.scroll_into_view_if_needed()
        panel.locator(".imbxai-decision-plot").wait_for(timeout=60_000)
        panel.get_by_label("Against").select_option(label=LARGEST)
        panel.locator("tbody th").nth(2).get_by_text(LARGEST, exact=True).wait_for(timeout=60_000)
        page.wait_for_timeout(3000)
        load = round(os.getloadavg()[0], 1)
        figures = {"cores": os.cpu_count(), "load": load, **measure(page)}
        print(figures)
        write_results("decision_moves", figures)
        browser.close()


if __name__ == "__main__":
    main()

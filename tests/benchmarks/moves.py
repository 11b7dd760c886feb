"""How long a move of the panel of remedies takes, from the slider to the screen.

::

    python -m tests.benchmarks.moves

drives JupyterLab in Chromium over 12,000 images of 64 features in ten classes for training, and as
many for validation, with one thread (``OMP_NUM_THREADS=1``). Each move sets a slider to another
place. It is `shown` with the first frame in which the figures of all classes are there, and `sure`
with that in which their intervals are there as well. `busy` is the longest task of the page
meanwhile, in which it answers nobody; 0 where none takes 50 ms.
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

MOVES = 40
PREPARE = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.benchmarks.what_if import synthetic
from imbxai_widgets import Explorer
explorer = Explorer(synthetic())
"""

# Moves a slider; tells after how many milliseconds it is shown, and sure.
_MOVE = """async ([panel, name, place]) => {
  const slider = panel.querySelector(`[data-remedy=${name}] [type=range]`);
  const told = panel.querySelector(".imbxai-what-if-told");
  const rows = [...told.querySelectorAll(".imbxai-change-row")];
  let longest = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
  });
  observer.observe({ type: "longtask" });
  const start = performance.now();
  slider.value = String(place);
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  let shown = 0;
  for (let sure = false; !sure; ) {
    await new Promise(requestAnimationFrame);
    const now = performance.now() - start;
    if (now > 20000) throw new Error(`${name} is not told`);
    const busy = told.getAttribute("aria-busy") === "true";
    if (!busy && !shown) shown = now;
    sure = !busy && rows.every((row) => row.dataset.told !== "");
  }
  await new Promise(requestAnimationFrame);
  const sure = performance.now() - start;
  observer.disconnect();
  return [shown, sure, longest];
}"""

# Of each remedy, what is switched on for it, and where its slider is set.
PLACES: dict[str, list[float]] = {
    "LogitAdjustment": [0.1 * (1 + step % 29) for step in range(MOVES)],
    "LogitOffset": [0.1 * (1 + step) for step in range(MOVES)],
    "Threshold": [-4 + 0.1 * step for step in range(MOVES)],
    "TauNormalization": [0.1 * (1 + step % 19) for step in range(MOVES)],
    "Reweight": [1 + 0.1 * step for step in range(MOVES)],
    "DropSuspects": [10.0 * (1 + step) for step in range(MOVES)],
}


def measure(page: Page) -> dict[str, dict[str, float]]:
    """Return how long the moves of each remedy take, in seconds."""
    panel = page.get_by_test_id("imbxai-what_if")
    found = {}
    for name, places in PLACES.items():
        page.get_by_role("button", name="Nothing").click(force=True)
        if name == "Reweight":
            panel.get_by_label("Class weights: scheme").select_option("effective number")
        given: list[Any] = [panel.element_handle(), name]
        for place in places[-3:]:  # what is made once
            page.evaluate(_MOVE, [*given, place])
        times = np.array([page.evaluate(_MOVE, [*given, place]) for place in places]) / 1000
        found[name] = {
            f"{kind} p{percent}": round(float(np.percentile(times[:, column], percent)), 4)
            for column, kind in enumerate(("shown", "sure"))
            for percent in (50, 95)
        }
        found[name]["busy"] = round(float(times[:, 2].max()), 4)
        print(name, found[name], flush=True)
    return found


def main() -> None:
    """Measure, and keep the figures."""
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with (
        tempfile.TemporaryDirectory() as home,
        serve(Path(home)) as lab,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=ARGUMENTS)
        page = browser.new_context(viewport=VIEWPORT).new_page()
        notebook = NotebookPage(page, lab, Watch(page, urlsplit(lab.url).netloc))
        notebook.open("moves.ipynb", [PREPARE, "explorer"])
        page.get_by_role("tab", name="What if").click(timeout=60_000)
        panel = page.get_by_test_id("imbxai-what_if")
        panel.scroll_into_view_if_needed()
        panel.locator(".imbxai-change-row").first.wait_for(timeout=60_000)
        page.wait_for_timeout(3000)
        load = os.getloadavg()[0]
        figures = {"load": round(load, 1), "moves": measure(page)}
        write_results("moves", figures)
        browser.close()


if __name__ == "__main__":
    main()

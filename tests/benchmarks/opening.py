"""How fast an image is opened in the dialog, at 10 and 1,000 classes.

::

    python -m tests.benchmarks.opening [--classes 10 1000] [--images 40]

drives JupyterLab in Chromium over the embedded images and their network, or as many classes as
asked for, of 5,000 of these images and a network with that many logits. It walks through a group by
arrow keys. A step ends with the first frame in which all is there that the dialog shows: `image` of
the picture, probabilities, neighbors and features, `look` of the salient pixels as well, which the
network is run for, forward and backward. `held` are six steps at once, as where a key is held: it
counts how many of them the kernel answered.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(ROOT / "tests")]

import chromium  # noqa: E402
from lab import serve  # noqa: E402
from notebook_page import NotebookPage  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402
from watch import Watch  # noqa: E402

from conftest import ARGUMENTS, VIEWPORT  # type: ignore[attr-defined]  # noqa: E402

IMAGES = 5_000  # of more classes than the embedded images have

PREPARE = """
import torch
from torch import nn
from torch.utils.data import Subset
from imbxai_widgets import Explorer, analyze
from imbxai_widgets.demo import load_demo

model, embedded, validation = load_demo()
train = embedded
classes = {classes}

class Relabeled(Subset):
    def __getitem__(self, index):
        return super().__getitem__(index)[0], index % classes

    __getitems__ = None

if classes != 10:
    torch.manual_seed(0)
    name, head = [(n, m) for n, m in model.named_modules() if isinstance(m, nn.Linear)][-1]
    model.set_submodule(name, nn.Linear(head.in_features, classes))
    train = Relabeled(embedded, [index % len(embedded) for index in range({images})])
    validation = None
names = None if classes == 10 else [f"class {{number}}" for number in range(classes)]
analysis = analyze(
    model, train, validation=validation, class_names=names, progress=False
)
explorer = Explorer(analysis, model=model)
asked = []
content = explorer._deck.contents["detail"]
for kind in ("image", "look"):
    def count(key, answer=getattr(content, kind)):
        asked.append(key)
        return answer(key)
    setattr(content, kind, count)
"""
SHOW = "explorer"

# Goes on to the next image, or back at the end, and waits until all of it is there.
_STEP = """async ([dialog, look]) => {
  const image = dialog.querySelector(".imbxai-detail-image");
  const veil = dialog.querySelector(".imbxai-detail-veil");
  const done = () => !image.hasAttribute("aria-busy") && !(look && veil.hidden)
    && !dialog.querySelector(".imbxai-detail-frame").hidden;
  const start = performance.now();
  const press = (key) =>
    dialog.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  const last = dialog.querySelector("button[aria-label^=Next]").disabled;
  window.imbxaiBack = last || (window.imbxaiBack &&
    !dialog.querySelector("button[aria-label^=Previous]").disabled);
  press(window.imbxaiBack ? "ArrowLeft" : "ArrowRight");
  while (!done()) {
    await new Promise(requestAnimationFrame);
    if (performance.now() - start > 20000) throw new Error("the dialog is not filled");
  }
  await new Promise(requestAnimationFrame);
  return performance.now() - start;
}"""
_HELD = """(dialog) => {
  for (const key of ["Left", "Right", "Left", "Right", "Left", "Right"].map((way) => `Arrow${way}`))
    dialog.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
}"""


def measure(notebook: NotebookPage, classes: int, images: int) -> None:
    """Print how long it takes to open an image of so many classes."""
    notebook.open(f"opening{classes}.ipynb", [PREPARE.format(classes=classes, images=IMAGES), SHOW])
    page = notebook.page
    root = page.locator(".imbxai-explorer")
    root.locator(".imbxai-thumb").first.wait_for(timeout=60_000)
    root.get_by_test_id("imbxai-images").scroll_into_view_if_needed()
    page.wait_for_timeout(3000)
    root.get_by_test_id("imbxai-images").locator(".imbxai-thumb").first.click()
    dialog = page.locator("dialog[open]").element_handle()
    page.wait_for_timeout(1000)
    for name, look in (("image", False), ("look", True)):
        if look:
            page.keyboard.press("w")
            page.wait_for_timeout(2000)
        times = [page.evaluate(_STEP, [dialog, look]) for _ in range(images)]
        p50, p95 = np.percentile(times, [50, 95])
        print(f"{classes:>6} classes, {name:<5}: p50 {p50:.0f} ms, p95 {p95:.0f} ms", flush=True)
    before = notebook.value("len(asked)")
    page.evaluate(_HELD, dialog)
    page.wait_for_timeout(2000)
    print(f"{classes:>6} classes, held : {notebook.value('len(asked)') - before} answers of 12")
    page.keyboard.press("Escape")
    notebook.run("import ipywidgets; ipywidgets.Widget.close_all()")


def main() -> None:
    """Measure each number of classes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--classes", type=int, nargs="+", default=[10, 1000])
    parser.add_argument("--images", type=int, default=40)
    arguments = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with (
        tempfile.TemporaryDirectory() as home,
        serve(Path(home)) as lab,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=ARGUMENTS)
        print(f"Chromium {browser.version}")
        for classes in arguments.classes:
            page = browser.new_context(viewport=VIEWPORT).new_page()
            watch = Watch(page, urlsplit(lab.url).netloc)
            measure(NotebookPage(page, lab, watch), classes, arguments.images)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()

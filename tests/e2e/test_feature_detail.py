"""One feature looked at closer, in JupyterLab: its images, and how large it is where."""

from __future__ import annotations

import pytest
from axe import check_accessibility
from demo_notebook import ANALYSIS, DEMO
from explorer_view import PATIENCE_MS, ExplorerView
from notebook_page import NotebookPage, screenshot
from playwright.sync_api import Locator, expect

FEATURE = 41  # of Plants, Animals and Food
SHOW = """
explorer = Explorer(analysis, model=model)
explorer.selected_class = "Plants"
explorer
"""

# What the panels are to show, from the arrays alone.
STRONGEST = f"""
def strongest(index):
    rows = np.flatnonzero(analysis.labels == index)
    added = analysis.head.weight[index, {FEATURE}] * analysis.embeddings[rows, {FEATURE}]
    return rows[np.argsort(-added, kind="stable")][:8].tolist()

def shares(own, beside):
    values = analysis.embeddings[:, {FEATURE}].astype(float)
    edges = np.linspace(values.min(), values.max(), 11)
    at = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, 9)
    groups = [analysis.labels == own, analysis.labels == beside]
    groups.append(~groups[0] & ~groups[1])
    return [[float((at[group] == bin).mean()) for group in groups] for bin in range(10)]

def left(sides):
    "What is left of the colors of the images of each side where the feature is what lights them."
    heard = []
    *_, blocks, _ = model.children()
    hook = blocks.register_forward_hook(lambda *call: heard.append(call[2][:, {FEATURE}]))
    rows = [row for side in sides for row in side]
    with torch.no_grad():
        model(torch.stack([train[row][0] for row in rows]))
    hook.remove()
    light = heard[0][:, None] / heard[0].max()
    light = torch.nn.functional.interpolate(light, size=(32, 32), mode="bilinear")[:, 0].numpy()
    colors = np.stack([analysis.images[row].sum(axis=2, dtype=float) for row in rows])
    kept = colors * (1 - 200 / 255 * (1 - light))
    return [float(kept[at].sum() / colors[at].sum()) for at in (slice(8), slice(8, 16))]
"""

LIT = "Light where it responds, on one scale for all images shown."

# The sum of all colors of the images of a side.
SUM = """(side) => {
  const canvas = side.querySelector("canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.reduce((sum, value, at) => sum + (at % 4 < 3 ? value : 0), 0);
}"""

# Lengths of the bars by group, over the length that stands for the end of the axis.
BARS = """(chart) => {
  const wide = chart.querySelector(".plotarea_background").getBoundingClientRect().width;
  const rows = [...chart.querySelectorAll(".bargroup")]
    .sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top);
  const widths = (row) => [...row.querySelectorAll("rect.bar")]
    .sort((a, b) => Number(a.getAttribute("y")) - Number(b.getAttribute("y")))
    .map((bar) => Number(bar.getAttribute("width")) / wide);
  return rows.map(widths);
}"""


@pytest.fixture
def view(notebook: NotebookPage) -> ExplorerView:
    """The panels of Plants."""
    notebook.open(DEMO, [ANALYSIS, SHOW])
    notebook.run("import numpy as np, torch" + STRONGEST)
    view = ExplorerView(notebook.page.locator(".imbxai-explorer"))
    view.panels("Plants")
    return view


def bars(dialog: Locator) -> list[float]:
    """Return the lengths of all bars as shares, once they stand still."""
    chart = dialog.locator(".imbxai-chart")
    expect(chart.locator("rect.bar")).to_have_count(30, timeout=PATIENCE_MS)
    before: list[float] = []
    for _ in range(20):
        chart.page.wait_for_timeout(200)
        end = float(str(chart.locator(".tick text").last.text_content()).rstrip("%")) / 100
        now = [end * length for length in flat(chart.evaluate(BARS))]
        if now == before:
            break
        before = now
    return before


def flat(rows: list[list[float]]) -> list[float]:
    return [value for row in rows for value in row]


def shown(dialog: Locator, name: str) -> list[int]:
    tiles = dialog.locator(f'[data-class="{name}"] [data-image]')
    expect(tiles).to_have_count(8, timeout=PATIENCE_MS)
    return [int(str(tile.get_attribute("data-image"))) for tile in tiles.all()]


def test_a_feature_is_shown_by_the_images_in_which_it_adds_most(
    notebook: NotebookPage, view: ExplorerView
) -> None:
    dialog = view.root.get_by_role("dialog")
    view.open_tab("Shared features")
    view.overlap.locator(f'[data-feature="{FEATURE}"] button').click()
    expect(dialog).to_have_accessible_name(f"Feature {FEATURE}: Plants and Animals")
    for name in ("Plants", "Animals"):
        number = notebook.value(f"analysis.class_index('{name}')")
        assert shown(dialog, name) == notebook.value(f"strongest({number})")
    assert bars(dialog) == pytest.approx(flat(notebook.value("shares(9, 3)")), abs=0.005)
    expect(dialog.get_by_role("status").last).to_have_text(LIT, timeout=PATIENCE_MS)
    lit = [side.evaluate(SUM) for side in dialog.locator(".imbxai-feature-side").all()]
    dialog.get_by_label("Light up where it responds").uncheck()
    plain = [side.evaluate(SUM) for side in dialog.locator(".imbxai-feature-side").all()]
    dialog.get_by_label("Light up where it responds").check()
    left = [one / other for one, other in zip(lit, plain, strict=True)]
    assert left == pytest.approx(notebook.value("left([strongest(9), strongest(3)])"), abs=0.02)
    assert max(left) < 0.8
    check_accessibility(notebook.page, ".imbxai-dialog", texts=10)
    screenshot(notebook.page, "feature-light", ".imbxai-dialog")
    with notebook.dark():
        screenshot(notebook.page, "feature-dark", ".imbxai-dialog")
    # Another class beside it, then the way back: the figure is taken along, and put back.
    dialog.get_by_label("Beside").select_option("Food")
    expect(dialog).to_have_accessible_name(f"Feature {FEATURE}: Plants and Food")
    assert shown(dialog, "Food") == notebook.value("strongest(5)")
    assert bars(dialog) == pytest.approx(flat(notebook.value("shares(9, 5)")), abs=0.005)
    notebook.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(view.overlap.locator(f'[data-feature="{FEATURE}"] button')).to_be_focused()
    view.overlap.locator('[data-class="Food"] [data-shared] button').first.click()
    expect(dialog).to_have_accessible_name(f"Feature {FEATURE}: Plants and Food")
    # The panels go while it is open.

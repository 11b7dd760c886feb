"""The decision map in JupyterLab: its numbers are Python's, its points are the images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe import check_accessibility
from demo_notebook import ANALYSIS, DEMO, SHOW
from explorer_view import PATIENCE_MS, ExplorerView
from notebook_page import NotebookPage, screenshot
from playwright.sync_api import Locator, expect

TESTS = Path(__file__).parents[1]
# js/src/parts/decision_plot.ts has the same, in CSS pixels.
HEIGHT, LEFT, BOTTOM, EDGE = 420, 40, 36, 10

# What Python says of Plants (class 9) against another class, by the logits of all images.
SAID = f"""
import sys
sys.path.insert(0, {str(TESTS)!r})
from decision_cases import counts_after
from imbxai_widgets.remedies import LogitOffset

animals = analysis.class_names.index("Animals")

def said(offset, adversary, others={{}}):
    counts = counts_after(analysis, 9, adversary, {{9: offset, **others}})
    told = analysis.what_if(LogitOffset({{9: offset, **others}}))
    own = told.labels == 9
    won = int((own & (told.before != 9) & (told.after == 9)).sum())
    assert counts["validation"]["class"]["won"] == won
    kinds = {{"others": ("won", "lost")}}
    return [
        [counts[split][group][kind] for kind in kinds.get(group, ("right", "won", "lost"))]
        for split in ("validation", "training") for group in ("class", "adversary", "others")
    ]
"""


class DecisionMapView:
    """The decision map of an Explorer."""

    def __init__(self, explorer: ExplorerView) -> None:
        self.explorer = explorer
        self.root = explorer.root.get_by_test_id("imbxai-decision_map")
        self.slider = self.root.locator("[type=range]")
        self.plot = self.root.locator(".imbxai-decision-plot")
        self.bias = self.root.locator("output")

    def numbers(self) -> list[list[int]]:
        """Return the numbers of the table, row by row."""
        rows = self.root.locator("tbody tr:has(td)").all()
        return [[int(text) for text in row.get_by_role("button").all_inner_texts()] for row in rows]

    def number(self, words: str) -> Locator:
        return self.root.get_by_role("button", name=words)

    @property
    def box(self) -> Any:
        found = self.plot.bounding_box()
        assert found is not None
        return found

    def places(self, points: np.ndarray) -> np.ndarray:
        """Return where points of these x and y are on the page."""
        low, high = np.minimum(points.min(axis=0), -1), np.maximum(points.max(axis=0), 1)
        x, y = ((points - low) / (high - low)).T
        box = self.box
        across = LEFT + EDGE + x * (box["width"] - LEFT - 2 * EDGE)
        down = EDGE + (1 - y) * (HEIGHT - BOTTOM - 2 * EDGE)
        return np.stack([box["x"] + across, box["y"] + down], axis=1)


@pytest.fixture
def view(notebook: NotebookPage) -> DecisionMapView:
    notebook.open(DEMO, [ANALYSIS, SHOW])
    explorer = ExplorerView(notebook.page.locator(".imbxai-explorer"))
    explorer.panels("Plants")
    notebook.run(SAID)
    explorer.open_tab("What if")
    view = DecisionMapView(explorer)
    expect(view.plot).to_be_visible(timeout=PATIENCE_MS)
    view.root.scroll_into_view_if_needed()
    explorer.settle()
    view.root.scroll_into_view_if_needed()
    return view


def test_keys_move_the_bias_and_all_numbers_are_those_of_python(
    notebook: NotebookPage, view: DecisionMapView
) -> None:
    assert view.numbers() == notebook.value("said(0.0, animals)")
    view.slider.focus()
    for _ in range(30):
        notebook.page.keyboard.press("ArrowRight")
    expect(view.bias).to_have_text("+1.5")
    assert view.numbers() == notebook.value("said(1.5, animals)")
    assert view.numbers()[0] == [7, 4, 0]
    for _ in range(50):
        notebook.page.keyboard.press("ArrowLeft")
    expect(view.bias).to_have_text("\N{MINUS SIGN}1")
    assert view.numbers() == notebook.value("said(-1.0, animals)")
    view.root.get_by_role("button", name="Reset").click()
    expect(view.bias).to_have_text("0")
    assert view.numbers() == notebook.value("said(0.0, animals)")


def test_the_line_is_dragged_and_the_remedies_follow(
    notebook: NotebookPage, view: DecisionMapView
) -> None:
    points = np.array(
        notebook.value(
            "analysis.what_if().decisions('Plants','Animals')[['x','y']].values.tolist()"
        )
    )
    ((x, _),) = view.places(np.vstack([points, [0, 0]]))[-1:]
    top = view.box["y"] + 4
    mouse = notebook.page.mouse
    mouse.move(x, top)
    mouse.down()
    mouse.move(x - 25, top, steps=5)
    mouse.move(x - 60, top, steps=5)
    mouse.up()
    offset = float(view.slider.input_value())
    assert 0.5 < offset < 3
    assert view.numbers() == notebook.value(f"said({offset}, animals)")
    remedy = view.explorer.root.locator("[data-remedy=LogitOffset]")
    expect(remedy.locator("output")).to_have_text(view.bias.inner_text(), timeout=PATIENCE_MS)
    remedy.locator("[type=range]").fill("2.5")
    expect(view.bias).to_have_text("+2.5")
    assert view.numbers() == notebook.value("said(2.5, animals)")


def test_another_adversary_and_the_bias_of_another_class(
    notebook: NotebookPage, view: DecisionMapView
) -> None:
    view.root.get_by_label("Against").select_option(label="Food")
    expect(view.root.locator("tbody th").nth(2)).to_have_text("Food", timeout=PATIENCE_MS)
    view.slider.fill("1.5")
    food = notebook.value("analysis.class_names.index('Food')")
    assert view.numbers() == notebook.value(f"said(1.5, {food})")
    # The class that is moved stays moved where another is looked at.
    view.explorer.pick("Sky")
    expect(view.root.get_by_text("Bias of Sky")).to_be_visible(timeout=PATIENCE_MS)
    expect(view.bias).to_have_text("0")
    view.slider.fill("0.5")
    view.explorer.pick("Plants")
    expect(view.bias).to_have_text("+1.5")
    sky = notebook.value("analysis.class_names.index('Sky')")
    wanted = notebook.value(f"said(1.5, animals, {{{sky}: 0.5}})")
    expect(view.plot).to_be_visible(timeout=PATIENCE_MS)
    assert view.numbers() == wanted


def test_pointing_names_an_image_and_a_click_opens_it(
    notebook: NotebookPage, view: DecisionMapView
) -> None:
    notebook.run("table = analysis.what_if().decisions('Plants', 'Animals')")
    points = np.array(notebook.value("table[['x', 'y']].values.tolist()"))
    at = view.places(points)
    gaps = np.linalg.norm(at[:, None] - at, axis=2)
    np.fill_diagonal(gaps, np.inf)
    alone = int(gaps.min(axis=1).argmax())
    split, row, label = notebook.value(
        f"[str(table['split'][{alone}]), int(table['image'][{alone}]),"
        f" analysis.class_names[table['label'][{alone}]]]"
    )
    number = notebook.value(f"int(analysis.split({split!r}).positions[{row}])")
    x, y = at[alone]
    notebook.page.mouse.move(x - 2, y - 2)
    notebook.page.mouse.move(x, y, steps=3)
    hint = view.root.locator(".imbxai-tooltip")
    expect(hint).to_contain_text(f"{split.capitalize()} image {number}", timeout=PATIENCE_MS)
    expect(hint).to_contain_text(f"Label: {label}")
    expect(hint.locator("canvas")).to_be_visible()
    notebook.page.mouse.click(x, y)
    dialog = notebook.page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"{split.capitalize()} image {number}", timeout=PATIENCE_MS)
    notebook.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_a_number_shows_and_opens_exactly_its_images(
    notebook: NotebookPage, view: DecisionMapView
) -> None:
    view.slider.fill("1.5")
    view.number("4 validation images of Plants won").click()
    expect(view.root.get_by_text("Alone: 4 validation images of Plants, won.")).to_be_visible()
    view.root.get_by_role("button", name="Open them").click()
    dialog = notebook.page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 of 4", timeout=PATIENCE_MS)
    notebook.run("told = analysis.what_if(LogitOffset({9: 1.5}))")
    wanted = notebook.value(
        "((told.labels == 9) & (told.before != 9) & (told.after == 9)).nonzero()[0].tolist()"
    )
    numbers = notebook.value(f"analysis.validation.positions[{wanted}].tolist()")
    for at, number in enumerate(numbers):
        expect(dialog).to_contain_text(f"Validation image {number}")
        expect(dialog).to_contain_text(f"{at + 1} of 4")
        notebook.page.keyboard.press("ArrowRight")
    notebook.page.keyboard.press("Escape")
    view.root.get_by_role("button", name="Show all").click()
    expect(view.root.get_by_text("Alone:")).to_be_hidden()


def test_axe_finds_nothing_in_either_theme(notebook: NotebookPage, view: DecisionMapView) -> None:
    view.slider.fill("1.5")
    view.number("4 validation images of Plants won").click()
    selector = "[data-testid=imbxai-decision_map]"
    check_accessibility(notebook.page, selector, texts=20)
    view.root.get_by_role("button", name="Show all").click()
    view.explorer.settle()
    screenshot(notebook.page, "decision-map-light", selector)
    before = view.plot.locator("canvas").evaluate("(canvas) => canvas.toDataURL()")
    with notebook.dark():
        notebook.page.wait_for_function(
            "([canvas, before]) => canvas.toDataURL() !== before",
            arg=[view.plot.locator("canvas").element_handle(), before],
        )
        view.explorer.settle()
        check_accessibility(notebook.page, selector, texts=20)
        screenshot(notebook.page, "decision-map-dark", selector)

"""One image looked at closer, in JupyterLab: the dialog, its keys, what it shows, the way back."""

from __future__ import annotations

import re

import pytest
from axe import check_accessibility
from demo_notebook import ANALYSIS, DEMO
from explorer_view import ExplorerView
from notebook_page import NotebookPage, screenshot
from playwright.sync_api import Locator, expect

SHOW = "explorer = Explorer(analysis, model=model)\nexplorer.selected_class = 'Plants'\nexplorer"
FAILING = "analysis.find_images('Plants', 'validation', right=False, predicted='Animals')"

# The image as it is drawn, and the veil over it: all bytes of both.
_PIXELS = """(dialog) => [...dialog.querySelectorAll(".imbxai-detail-frame canvas")].map((canvas) =>
  [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data])"""


@pytest.fixture
def view(notebook: NotebookPage) -> ExplorerView:
    """The panels of Plants, with the model at hand."""
    notebook.open(DEMO, [ANALYSIS, SHOW])
    view = ExplorerView(notebook.page.locator(".imbxai-explorer"))
    view.panels("Plants")
    return view


def failing(view: ExplorerView) -> Locator:
    """Return the images that are taken for Animals."""
    return view.failures.get_by_role("group", name="Taken for Animals").locator("[data-image]")


def section(dialog: Locator, title: str) -> Locator:
    """Return a part of the dialog."""
    return dialog.locator("section", has=dialog.page.get_by_role("heading", name=title))


def check_numbers(notebook: NotebookPage, dialog: Locator, row: int) -> None:
    """Check what the dialog shows of a validation image against the analysis."""
    parts = section(dialog, "Probabilities").get_by_role("listitem")
    expect(parts.first).to_be_visible()
    top = notebook.value(
        f"[analysis.validation.top.classes[{row}, :5].tolist(), "
        f"analysis.validation.top.probabilities[{row}, :5].tolist()]"
    )
    names = notebook.value("list(analysis.class_names)")
    shown = parts.all_text_contents()
    assert [text for text in shown if "label" in text]
    for text, index, probability in zip(shown, *top, strict=False):
        assert text.startswith(names[index])
        percent = re.search(r"([<>]?)(\d+)%", text)
        assert percent
        assert abs(int(percent[2]) - 100 * probability) <= 1
    neighbors = section(dialog, "Nearest training images")
    labels = neighbors.locator(".imbxai-link").all_text_contents()
    near = f"analysis.validation.neighbors[{row}]"
    assert labels == notebook.value(f"[analysis.class_names[i] for i in analysis.labels[{near}]]")
    distances = [
        float(text.removeprefix("distance "))
        for text in neighbors.locator(".imbxai-soft").all_text_contents()
    ]
    kept = notebook.value(f"analysis.validation.neighbor_distances[{row}].tolist()")
    assert distances == pytest.approx(kept, rel=0.006)
    own = labels.count("Plants")
    words = f"{own} of 5 neighbors {'is' if own == 1 else 'are'} of Plants, so "
    expect(neighbors).to_contain_text(words)
    table = section(dialog, "What its features add")
    sums = table.locator(".imbxai-detail-sum td").all_text_contents()[1:]
    logits = notebook.value(
        f"[float(analysis.validation.logits([{row}])[0, i]) for i in "
        f"(analysis.validation.predictions[{row}], analysis.validation.labels[{row}])]"
    )
    assert [float(text.replace("\u2212", "-")) for text in sums] == pytest.approx(logits, abs=0.006)


def test_arrows_walk_through_the_group_and_escape_gives_the_focus_back(
    notebook: NotebookPage, view: ExplorerView
) -> None:
    keyboard, dialog = notebook.page.keyboard, view.root.get_by_role("dialog")
    expect(dialog).to_be_hidden()
    tiles = failing(view)
    numbers = notebook.value(f"analysis.validation.positions[{FAILING}].tolist()")
    shown = tiles.count()
    tiles.nth(1).click()
    expect(dialog).to_be_visible()
    for step in range(1, shown):
        expect(dialog).to_have_accessible_name(f"Validation image {numbers[step]}")
        keyboard.press("ArrowRight")
    expect(dialog.locator(".imbxai-dialog-place")).to_have_text(f"{shown} of {shown}")
    # JupyterLab deletes a cell on d d, and makes it text on m.
    for key in ("d", "d", "Escape"):
        keyboard.press(key)
    expect(dialog).to_be_hidden()
    expect(tiles.nth(1)).to_be_focused()
    assert notebook.page.locator(".jp-CodeCell").count() == 2
    keyboard.press("Enter")
    expect(dialog).to_be_visible()
    keyboard.press("m")
    keyboard.press("Escape")
    expect(tiles.nth(1)).to_have_attribute("data-marked", "true")
    key = f"validation:{tiles.nth(1).get_attribute('data-image')}"
    notebook.wait_for_value("explorer._linker.marked", [key])


def test_it_shows_the_numbers_of_the_analysis_and_where_the_network_looks(
    notebook: NotebookPage, view: ExplorerView
) -> None:
    page, dialog = notebook.page, view.root.get_by_role("dialog")
    row = notebook.value(f"int({FAILING}[0])")
    failing(view).first.click()
    check_numbers(notebook, dialog, row)
    screenshot(page, "detail-light", ".imbxai-dialog")
    image, _ = dialog.evaluate(_PIXELS)
    pixels = notebook.value(f"analysis.validation.images[{row}].ravel().tolist()")
    assert [value for at, value in enumerate(image) if at % 4 < 3] == pixels
    page.keyboard.press("w")
    mask = notebook.value(
        f"explorer._deck.network.look('validation', [{row}]).salient[0].ravel().tolist()"
    )
    foreground = notebook.value(f"int(validation.foreground({row}).sum())")
    assert sum(mask) == -(-foreground // 10)  # a tenth of the pixels that show the object
    note = dialog.get_by_text("on which the logit of Animals depends most")
    expect(note).to_contain_text(f"the {sum(mask)} pixels")
    image, veil = dialog.evaluate(_PIXELS)
    assert [value == 0 for value in veil[3::4]] == mask
    screenshot(page, "detail-looks-light", ".imbxai-dialog")
    check_accessibility(page)
    with notebook.dark():
        screenshot(page, "detail-dark", ".imbxai-dialog")
        check_accessibility(page)
    page.set_viewport_size({"width": 480, "height": 900})
    assert dialog.locator(".imbxai-dialog-body").evaluate(
        "(body) => body.scrollWidth <= body.clientWidth"
    )
    screenshot(page, "detail-narrow", ".imbxai-dialog")
    page.set_viewport_size({"width": 1440, "height": 1000})


def test_a_neighbor_is_opened_and_its_class_selected(
    notebook: NotebookPage, view: ExplorerView
) -> None:
    dialog = view.root.get_by_role("dialog")
    row = notebook.value(f"int({FAILING}[0])")
    failing(view).first.click()
    neighbors = section(dialog, "Nearest training images")
    neighbors.get_by_role("button").first.click()
    near = notebook.value(f"int(analysis.validation.neighbors[{row}, 0])")
    expect(dialog).to_have_accessible_name(f"Training image {near}")
    expect(dialog.locator(".imbxai-dialog-place")).to_have_text("1 of 5")
    notebook.page.keyboard.press("Backspace")
    expect(dialog).to_have_accessible_name(re.compile("^Validation image"))
    name = notebook.value(f"analysis.class_names[analysis.labels[{near}]]")
    neighbors.locator(".imbxai-link").first.click()
    expect(dialog).to_be_hidden()
    view.panels(name)
    notebook.wait_for_value("explorer.selected_class", name)


def test_a_model_that_changed_shows_no_picture_of_where_it_looks(
    notebook: NotebookPage, view: ExplorerView
) -> None:
    dialog = view.root.get_by_role("dialog")
    change = "weight = list(model.modules())[-1].weight.data\nkept = weight.clone()\nweight[0] += 1"
    notebook.run(change)
    failing(view).first.click()
    notebook.page.keyboard.press("w")
    expect(dialog).to_contain_text("The model has changed since the analysis")
    expect(dialog.locator(".imbxai-detail-veil")).to_be_hidden()
    notebook.run("weight.copy_(kept)")

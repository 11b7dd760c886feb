"""Edits in JupyterLab: what clicks and keys write to the journal, and what all views show of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from demo_notebook import ANALYSIS, DEMO
from explorer_view import ExplorerView
from notebook_page import NotebookPage
from playwright.sync_api import Locator, expect

PATIENCE_MS = 60_000
SHOW = """
explorer = Explorer(analysis, edits='edits.jsonl')
explorer.selected_class = 'Plants'
explorer
"""


class Edited:
    """An Explorer whose edits are kept in a journal."""

    def __init__(self, notebook: NotebookPage) -> None:
        self.notebook = notebook
        self.root = notebook.page.locator(".imbxai-explorer").first
        self.view = ExplorerView(self.root)
        self.line = self.root.get_by_test_id("imbxai-edits")
        self.review = self.root.get_by_test_id("imbxai-review")
        self.dialog = self.root.locator("dialog.imbxai-dialog")
        self.journal = notebook.lab.folder / "edits.jsonl"

    def image(self, at: int = 0) -> Locator:
        """Return a button of an image that fails."""
        return self.view.failures.locator("[data-image]").nth(at)

    def corner(self, image: Locator) -> Locator:
        """Return the corner of an image that edits it."""
        image.hover(position={"x": 8, "y": 8})
        return image.locator("xpath=following-sibling::button[2]")

    def menu(self) -> Locator:
        """Return the menu that is open."""
        return self.root.locator(".imbxai-edit-menu:popover-open")

    def entries(self) -> list[dict[str, Any]]:
        """Return the lines on the disk, after the first."""
        return [json.loads(line) for line in self.journal.read_text().splitlines()[1:]]

    def wait_for(self, number: int) -> list[dict[str, Any]]:
        """Wait until so many lines are on the disk."""
        end = time.monotonic() + 20
        while len(self.entries()) < number and time.monotonic() < end:
            self.notebook.page.wait_for_timeout(50)
        found = self.entries()
        assert len(found) == number, found
        return found


@pytest.fixture
def edited(notebook: NotebookPage) -> Iterator[Edited]:
    """The panels of Plants, and a journal that is new."""
    notebook.open(DEMO, [ANALYSIS, SHOW])
    edited = Edited(notebook)
    expect(edited.image()).to_be_visible(timeout=PATIENCE_MS)
    yield edited
    notebook.run("explorer.edits.close()")
    edited.journal.unlink()


def key_of(image: Locator) -> str:
    return f"{image.get_attribute('data-split')}:{image.get_attribute('data-image')}"


def test_clicks_and_keys_are_lines_on_the_disk(edited: Edited) -> None:
    page, first = edited.notebook.page, edited.image()
    expect(edited.line).to_be_hidden()
    # By a corner and its menu, by a double click, which acts once.
    edited.corner(first).click()
    edited.menu().locator("[data-action=exclude]").dblclick()
    (entry,) = edited.wait_for(1)
    assert entry["images"] == {key_of(first): {"action": "exclude"}}
    expect(edited.dialog).to_be_hidden()  # the second click went nowhere
    expect(edited.line).to_contain_text("1 image edited: 1 left out.")
    # By keys in the dialog, which walks on.
    group = edited.view.failures.locator(".imbxai-thumbs").first.locator("[data-image]")
    keys = [key_of(group.nth(at)) for at in (0, 1)]
    group.nth(0).click(position={"x": 20, "y": 12})
    expect(edited.dialog).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("k")
    expect(edited.dialog.locator(".imbxai-edit-now")).to_have_text("label is right")
    page.keyboard.press("l")
    page.keyboard.type("sig")
    page.keyboard.press("Enter")
    expect(edited.dialog.locator(".imbxai-edit-now")).to_have_text("relabeled as Signs")
    found = edited.wait_for(3)
    signs = edited.notebook.value("analysis.class_index('Signs')")
    assert found[1]["images"] == {keys[1]: {"action": "keep"}}
    assert found[2]["images"] == {keys[1]: {"action": "relabel", "label": signs}}
    page.keyboard.press("Control+z")  # the same stack, also within the dialog
    expect(edited.dialog.locator(".imbxai-edit-now")).to_have_text("label is right")
    page.keyboard.press("Escape")
    expect(edited.dialog).to_be_hidden()
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+Shift+z")
    assert [entry["do"] for entry in edited.wait_for(6)[3:]] == ["undo", "undo", "redo"]
    changes = edited.notebook.value("explorer.edits.changes")
    assert changes == {keys[0]: {"action": "exclude"}, keys[1]: {"action": "keep"}}
    # Nothing is lost by another class, another view, or by showing it anew.
    edited.view.pick("People")
    edited.view.pick("Plants")
    badges = edited.view.failures.locator(".imbxai-thumb-edit[data-edit]")
    expect(badges).to_have_text(["out", "right"])
    edited.notebook.run("from IPython.display import display\ndisplay(explorer)")
    expect(badges).to_have_text(["out", "right"])


def test_a_slow_kernel_is_asked_once(edited: Edited) -> None:
    first = edited.image()
    edited.notebook.run(
        "import time\nreal = explorer.edits.ask\n"
        "def slow(**given):\n    time.sleep(1.5)\n    return real(**given)\n"
        "explorer.edits.ask = slow"
    )
    for _ in range(2):  # again, while the kernel is at work on the first
        edited.corner(first).click()
        edited.menu().locator("[data-action=keep]").dblclick()
    expect(edited.corner(first)).to_have_text("right", timeout=500)  # shown at once
    assert edited.entries() == []
    edited.wait_for(1)
    undo = edited.line.get_by_role("button", name="Undo")
    expect(undo).to_be_enabled()
    undo.dblclick()
    expect(undo).to_be_disabled()
    edited.wait_for(2)
    edited.notebook.page.wait_for_timeout(2000)
    assert [entry["do"] for entry in edited.wait_for(2)] == ["edit", "undo"]
    expect(edited.corner(first)).to_have_text("✎")


def test_python_marked_images_and_the_effect(edited: Edited) -> None:
    edited.notebook.run(
        "explorer.edits.exclude([1882, 1883])\nexplorer._linker.marked = "
        "['training:1884', 'training:1885', 'validation:820']"
    )
    expect(edited.line).to_contain_text("2 images edited: 2 left out.")
    tray = edited.root.get_by_role("group", name="Marked images")
    tray.scroll_into_view_if_needed()
    tray.locator(".imbxai-edit-tools > [data-action=relabel]").click()
    edited.menu().get_by_role("option", name="Food", exact=True).click()
    food = edited.notebook.value("analysis.class_index('Food')")
    relabeled = {"action": "relabel", "label": food}
    (_, entry) = edited.wait_for(2)
    assert entry["images"] == dict.fromkeys(
        ["training:1884", "training:1885", "validation:820"], relabeled
    )
    edited.line.get_by_role("button", name="Show the effect").click()
    row = edited.line.locator('[data-class="Food"] td')
    sizes = edited.notebook.value(
        "[int(each.classes().loc['Food', 'images']) for each in "
        "(analysis, analysis.with_edits(explorer.edits))]"
    )
    expect(row.first).to_have_text(f"{sizes[0]} → {sizes[1]}", timeout=PATIENCE_MS)
    assert sizes[1] == sizes[0] + 2


def test_suspects_are_worked_off_by_keys(edited: Edited) -> None:
    page = edited.notebook.page
    edited.view.open_tab("Review labels")
    edited.review.scroll_into_view_if_needed()  # it begins when it is in sight
    title = edited.review.locator(".imbxai-review-title")
    order = edited.notebook.value(
        "analysis.suspects().query('score > 0.5')[['suggested']].reset_index().values.tolist()"
    )
    named = [f"Training image {number} " for number, _ in order]
    expect(title).to_contain_text(named[0], timeout=PATIENCE_MS)
    expect(edited.review).to_contain_text(f"0 of {len(order)} suspects decided")
    edited.review.get_by_role("group", name="Review, by keys").focus()
    page.keyboard.press("s")
    expect(title).to_contain_text(named[1])
    page.keyboard.press("x")
    expect(title).to_contain_text(named[2])
    page.keyboard.press("Control+z")
    expect(title).to_contain_text(named[1])
    expect(edited.review).to_contain_text(f"1 of {len(order)} suspects decided")
    first = {
        "action": "relabel",
        "label": edited.notebook.value(f"analysis.class_index({order[0][1]!r})"),
    }
    found = edited.wait_for(3)
    assert found[0]["images"] == {f"training:{order[0][0]}": first}
    assert [entry["do"] for entry in found] == ["edit", "edit", "undo"]

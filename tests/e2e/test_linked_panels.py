"""The Explorer in JupyterLab: every way to select a class changes every panel."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from contrasts import check_contrasts
from demo_notebook import ANALYSIS, DEMO, SHOW
from explorer_view import ExplorerView, Panels
from notebook_page import NotebookPage, screenshot
from playwright.sync_api import expect

ARCHETYPES = ("safe", "border", "rare", "outlier")

# What the panels must show of a class, taken from the tables that users read.
FACTS = """
def facts(name):
    row = analysis.classes().loc[name]
    overlap = analysis.feature_overlap(name)
    unseen = int(row["validation_images"])
    right = round(row["validation_accuracy"] * unseen)
    errors = analysis.validation_errors().loc[name]
    return {
        "images": f"{row['images']:,.0f} training image",
        "right": f"{right} of {unseen} right",
        "wrong": unseen - right,
        "groups": analysis.archetype_rates(name)["images"].astype(int).to_dict(),
        "overlap": list(overlap.index[overlap["shared"] > 0]),
        "mistakes": {other: round(share * errors["support", "errors"])
                     for other, share in errors["share"].items()},
        "colors": analysis.colors().loc[name].to_list(),
    }

def pixels(images):
    at = [(8, 8), (8, 24), (16, 16), (24, 12)]
    return [[analysis.images[i][place].tolist() for place in at] for i in images]
"""


@pytest.fixture
def explorer(notebook: NotebookPage) -> ExplorerView:
    """An Explorer that shows Plants."""
    return open_explorers(notebook, SHOW)[0]


def open_explorers(notebook: NotebookPage, *cells: str) -> list[ExplorerView]:
    """Open a notebook whose every cell shows an Explorer."""
    notebook.open(DEMO, [ANALYSIS, *cells])
    notebook.run(FACTS)
    roots = notebook.page.locator(".imbxai-explorer")
    expect(roots).to_have_count(len(cells), timeout=60_000)
    return [ExplorerView(roots.nth(number)) for number in range(len(cells))]


def check(notebook: NotebookPage, view: ExplorerView, name: str) -> Panels:
    """Check that each panel shows the class, with the numbers and images that Python has."""
    panels, facts = view.panels(name), notebook.value(f"facts({name!r})")
    assert facts["images"] in panels["header"]
    assert facts["right"] in panels["header"]
    assert view.overlap_rows() == facts["overlap"]
    assert view.overview_marks() == [name, name]
    check_bars(panels, facts)
    check_failures(view, facts)
    for group in ARCHETYPES:
        counts = view.group(group).locator(".imbxai-archetype-counts")
        expect(counts).to_contain_text(re.compile(rf"^{facts['groups'][group]:,} images?\b"))
        check_images(notebook, view, group, at_least=min(3, facts["groups"][group]))
    return panels


def check_bars(panels: Panels, facts: dict[str, Any]) -> None:
    """Check the lengths of the bars, relative to each other."""
    colors = [[share] for share in facts["colors"]]
    assert relative(panels["color bars"]) == pytest.approx(relative(colors), abs=0.01)
    names, bars = panels["adversary names"], panels["adversary bars"]
    assert names
    assert set(names) <= set(facts["mistakes"])
    shown = [facts["mistakes"][name] for name in names]
    assert shown == sorted(shown, reverse=True)
    expected = [[count] for count in shown] + [[0]] * (len(bars) - len(shown))
    assert relative(bars) == pytest.approx(relative(expected), abs=0.01)


def check_failures(view: ExplorerView, facts: dict[str, Any]) -> None:
    """Check what the images that fail are taken for: the eight classes of most, and the rest."""
    expect(view.failures.locator("h3")).to_have_text(f"The {facts['wrong']} that fail")
    largest = sorted((n for n in facts["mistakes"].values() if n), reverse=True)[:8]
    shown = view.failure_counts()
    assert list(shown.values()) == largest
    assert shown.items() <= facts["mistakes"].items()
    rest = facts["wrong"] - sum(largest)
    words = view.failures.locator(".imbxai-body > .imbxai-count:visible").all_text_contents()
    assert [int(text.split()[0]) for text in words] == [rest] * (rest > 0)


def check_images(
    notebook: NotebookPage, view: ExplorerView, group: str, *, at_least: int
) -> list[int]:
    """Check that a group's images are drawn where their thumbnails are; return which."""
    drawn = view.pixels(group)
    images = [image for image, _ in drawn]
    assert len(images) >= at_least
    assert [pixels for _, pixels in drawn] == notebook.value(f"pixels({images})")
    return images


def relative(rows: list[list[float]]) -> list[float]:
    lengths = [length for row in rows for length in row]
    return [length / max(lengths) for length in lengths]


# -- ways to select a class: each returns the class that must then be shown --------------------


def by_the_picker(view: ExplorerView, _: NotebookPage) -> str:
    view.pick("Clothing")
    return "Clothing"


def by_an_adversary(view: ExplorerView, notebook: NotebookPage) -> str:
    view.click_adversary(0)
    return str(notebook.value("analysis.validation_errors()['share'].loc['Plants'].idxmax()"))


def by_an_overview_row(view: ExplorerView, _: NotebookPage) -> str:
    view.click_overview("Flags")
    return "Flags"


def by_an_overlap_row(view: ExplorerView, notebook: NotebookPage) -> str:
    name = str(notebook.value("analysis.feature_overlap('Plants').index[0]"))
    view.open_tab("Shared features")
    view.pick_in_overlap(name)
    return name


def by_python(_: ExplorerView, notebook: NotebookPage) -> str:
    notebook.run("explorer.selected_class = 'Sky'")
    return "Sky"


@pytest.mark.parametrize(
    "select", [by_the_picker, by_an_adversary, by_an_overview_row, by_an_overlap_row, by_python]
)
def test_selecting_a_class_changes_every_panel(
    notebook: NotebookPage,
    explorer: ExplorerView,
    select: Callable[[ExplorerView, NotebookPage], str],
) -> None:
    before = check(notebook, explorer, "Plants")
    name = select(explorer, notebook)
    explorer.wait_for_all_changed(before)
    check(notebook, explorer, name)
    notebook.wait_for_value("explorer.selected_class", name)
    notebook.run("explorer.selected_class = 'Plants'")
    assert explorer.panels("Plants") == before


def test_arrow_keys_walk_through_the_picker(notebook: NotebookPage, explorer: ExplorerView) -> None:
    rows = explorer.picker.locator("[data-class]")
    names = [str(row.get_attribute("data-class")) for row in rows.all()]
    explorer.pick(names[1])
    before = explorer.panels(names[1])
    notebook.page.keyboard.press("ArrowDown")
    explorer.wait_for_all_changed(before)
    check(notebook, explorer, names[2])
    notebook.page.keyboard.press("ArrowUp")
    assert explorer.panels(names[1]) == before


def test_marked_images_are_the_selection(notebook: NotebookPage, explorer: ExplorerView) -> None:
    explorer.panels("Plants")
    first, second = explorer.thumbnails.nth(0), explorer.thumbnails.nth(1)
    images = [int(str(thumbnail.get_attribute("data-image"))) for thumbnail in (first, second)]
    for thumbnail in (first, second):
        expect(thumbnail).to_have_attribute("data-marked", "false")
        explorer.mark(thumbnail)
        expect(thumbnail).to_have_attribute("data-marked", "true")
    selected = "explorer.selection.reset_index().to_dict('list')"
    notebook.wait_for_value("list(map(int, explorer.selection.index))", images)
    assert notebook.value(selected)["label"] == ["Plants", "Plants"]
    explorer.mark(first)
    expect(first).to_have_attribute("data-marked", "false")
    notebook.wait_for_value("list(map(int, explorer.selection.index))", images[1:])


def test_two_explorers_do_not_disturb_each_other(notebook: NotebookPage) -> None:
    one, two = open_explorers(notebook, SHOW, SHOW.replace("explorer", "other"))
    before, untouched = one.panels("Plants"), two.panels("Plants")
    one.pick("Clothing")
    one.wait_for_all_changed(before)
    one.mark(one.thumbnails.first)
    notebook.wait_for_value("len(explorer.selection)", 1)
    assert two.panels("Plants") == untouched
    assert notebook.value("[other.selected_class, len(other.selection)]") == ["Plants", 0]
    two.pick("Sky")
    two.wait_for_all_changed(untouched)
    check(notebook, two, "Sky")
    check(notebook, one, "Clothing")


def test_an_explorer_shown_twice_stays_in_step(notebook: NotebookPage) -> None:
    one, two = open_explorers(notebook, SHOW, "explorer")
    before = two.panels("Plants")
    one.pick("Clothing")
    two.wait_for_all_changed(before)
    check(notebook, two, "Clothing")
    assert one.panels("Clothing") == two.panels("Clothing")
    two.click_adversary(0)
    name = notebook.value("analysis.validation_errors()['share'].loc['Clothing'].idxmax()")
    check(notebook, one, name)
    one.mark(one.thumbnails.first)
    expect(two.thumbnails.first).to_have_attribute("data-marked", "true")


def test_texts_can_be_read_in_both_themes(notebook: NotebookPage, explorer: ExplorerView) -> None:
    explorer.pick("Clothing")
    explorer.panels("Clothing")
    screenshot(notebook.page, "explorer-light", ".imbxai-explorer")
    check_contrasts(explorer.root)
    with notebook.dark():
        explorer.panels("Clothing")
        screenshot(notebook.page, "explorer-dark", ".imbxai-explorer")
        check_contrasts(explorer.root)


def test_clicks_leave_nothing_behind(explorer: ExplorerView) -> None:
    names = ["Food", "Clothing", "Sky", "Plants"]

    def elements() -> int:
        for name in names:
            explorer.pick(name)
            explorer.panels(name)
        return explorer.root.locator("*").count()

    elements()
    first = elements()
    elements()
    elements()
    assert elements() == first

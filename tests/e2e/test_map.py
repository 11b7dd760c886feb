"""The map of all images, in JupyterLab: what a lasso marks, what a click opens, what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from demo_notebook import ANALYSIS, DEMO, SHOW
from explorer_view import ExplorerView
from notebook_page import NotebookPage, screenshot
from playwright.sync_api import Locator, expect

ROOT = Path(__file__).parents[2]
PATIENCE_MS = 60_000
HEIGHT = 440  # of the map, in pixels; js/src/parts/map_plot.ts has the same

# Where all images are on the map: keys, and coordinates between -1 and 1.
_PLACES = """
def places(shown):
    splits = [name for name in ("training", "validation") if shown.split(name) is not None]
    tables = [shown.map_table(name) for name in splits]
    points = np.concatenate([table[["x", "y"]].to_numpy() for table in tables])
    low, high = points.min(axis=0), points.max(axis=0)
    points = (points - (low + high) / 2) * 2 / (high - low).max()
    keys = [f"{name}:{row}" for name, table in zip(splits, tables) for row in range(len(table))]
    return keys, points.round(6).tolist()
"""

# Milliseconds of each of some frames of a zoom.
FRAMES = """async (count) => {
  const canvas = document.querySelector(".imbxai-map-canvas");
  const { left, top, width, height } = canvas.getBoundingClientRect();
  const context = canvas.getContext("2d");
  const times = [];
  for (let frame = 0; frame < count; frame++) {
    const start = performance.now();
    canvas.dispatchEvent(new WheelEvent("wheel", {
      deltaY: frame % 20 < 10 ? -12 : 12,
      clientX: left + width / 2, clientY: top + height / 2, bubbles: true, cancelable: true,
    }));
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    context.getImageData(0, 0, 1, 1);
    times.push(performance.now() - start);
  }
  return times;
}"""


_POINTS = """(canvas) => {
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  return data.filter((value, at) => at % 4 === 3 && value > 20).length > 2000;
}"""


def wait_for_points(canvas: Locator) -> None:
    """Wait until much is drawn on a canvas."""
    expect(canvas).to_be_visible(timeout=PATIENCE_MS)
    canvas.page.wait_for_function(_POINTS, arg=canvas.element_handle(), timeout=PATIENCE_MS)


class MapView:
    """The map of one Explorer, whole."""

    def __init__(self, notebook: NotebookPage) -> None:
        self.notebook = notebook
        self.explorer = ExplorerView(notebook.page.locator(".imbxai-explorer"))
        self.root = self.explorer.root.get_by_test_id("imbxai-map")
        self.canvas = self.root.locator(".imbxai-map-canvas")
        self.words = self.root.locator(".imbxai-map-words")
        self.told = self.root.locator(".imbxai-map-told")

    def open(self) -> None:
        """Open its tab, and wait until it is drawn and known how far it can be trusted."""
        self.explorer.tabs.scroll_into_view_if_needed()
        self.notebook.page.wait_for_timeout(300)
        expect(self.canvas).to_have_count(0)
        expect(self.told).to_be_empty()
        self.explorer.open_tab("Map")
        self.root.scroll_into_view_if_needed()
        expect(self.words).to_contain_text("neighborhoods of", timeout=PATIENCE_MS)
        self.root.scroll_into_view_if_needed()

    def drawn(self) -> None:
        """Wait until there are points."""
        wait_for_points(self.canvas)

    def picture(self) -> str:
        """Return what is drawn, as text."""
        return str(self.canvas.evaluate("(canvas) => canvas.toDataURL()"))

    def changed(self, before: str) -> str:
        """Wait until something else is drawn than before; return that."""
        self.notebook.page.wait_for_function(
            "([canvas, before]) => canvas.toDataURL() !== before",
            arg=[self.canvas.element_handle(), before],
        )
        return self.picture()

    def positions(self, points: np.ndarray) -> np.ndarray:
        """Return where points are on the page, while the whole map is seen."""
        box = self.box
        width, height = np.maximum(1.08 * np.ptp(points, axis=0), 0.02)
        aspect = box["width"] / box["height"]
        scale = box["height"] / 2 / max(height / 2, width / 2 / aspect)
        middle = np.array([box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])
        return middle + points * [scale, -scale]

    @property
    def box(self) -> Any:
        found = self.canvas.bounding_box()
        assert found is not None
        return found

    def draw_around(self, corners: np.ndarray) -> None:
        """Draw a lasso, in points of the page."""
        mouse = self.notebook.page.mouse
        mouse.move(*corners[0])
        mouse.down()
        for x, y in [*corners[1:], corners[0]]:
            mouse.move(x, y, steps=12)
            self.notebook.page.wait_for_timeout(20)
        mouse.up()

    @property
    def lasso(self) -> Locator:
        return self.root.get_by_role("button", name="Lasso: draw around images to mark them")


@pytest.fixture
def view(notebook: NotebookPage) -> MapView:
    notebook.open(DEMO, [ANALYSIS, SHOW])
    notebook.run(f"import numpy as np\n{_PLACES}")
    view = MapView(notebook)
    expect(view.explorer.thumbnails.first).to_be_visible(timeout=PATIENCE_MS)
    return view


def within(corners: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Tell which points lie in a polygon, by the crossings of a ray."""
    inside = np.zeros(len(points), dtype=bool)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        between = (y0 > points[:, 1]) != (y1 > points[:, 1])
        with np.errstate(divide="ignore", invalid="ignore"):
            crossing = x0 + (points[:, 1] - y0) / (y1 - y0) * (x1 - x0)
        inside ^= between & (points[:, 0] < crossing)
    return inside


def from_edges(corners: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return how far points are from the edges of a polygon."""
    nearest = np.full(len(points), np.inf)
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        along = np.clip((points - start) @ (end - start) / ((end - start) ** 2).sum(), 0, 1)
        gap = np.linalg.norm(points - (start + along[:, None] * (end - start)), axis=1)
        nearest = np.minimum(nearest, gap)
    return nearest


def test_the_map_says_how_far_it_can_be_trusted_and_follows_the_class(view: MapView) -> None:
    view.open()
    view.drawn()
    kept = view.notebook.value(
        "(100 * analysis.neighborhoods_kept()['kept']).round().astype(int).to_dict()"
    )
    expect(view.words).to_contain_text(f"{kept['Plants']}% of the neighborhoods of Plants")
    shown = dict(
        zip(
            view.root.locator(".imbxai-map-class").all_text_contents(),
            view.root.locator(".imbxai-map-kept").all_text_contents(),
            strict=True,
        )
    )
    assert shown == {name: f"{share}%" for name, share in kept.items()}
    assert list(shown.values()) == [f"{share}%" for share in sorted(kept.values())]
    screenshot(view.notebook.page, "map", "[data-testid=imbxai-map]")
    view.root.get_by_role("list", name="Colors of the map").get_by_role(
        "button", name="Flags"
    ).click()
    expect(view.explorer.selected).to_have_attribute("data-class", "Flags")
    expect(view.words).to_contain_text(f"{kept['Flags']}% of the neighborhoods of Flags")
    view.explorer.pick("Sky")
    expect(view.words).to_contain_text(f"{kept['Sky']}% of the neighborhoods of Sky")


def test_a_lasso_marks_exactly_the_images_in_it(view: MapView) -> None:
    view.open()
    view.drawn()
    keys, points = view.notebook.value("places(analysis)")
    at = view.positions(np.array(points))
    view.lasso.click()
    middle, side = np.median(at, axis=0), 60
    corners = middle + side * np.array([[-1, -1], [1, -0.8], [1.2, 1], [-0.5, 0.9]])
    view.draw_around(corners)
    expect(view.told).to_contain_text(re.compile(r"^[\d,]+ images marked"), timeout=PATIENCE_MS)
    marked = set(view.notebook.value("explorer._linker.marked"))
    inside, far = within(corners, at), from_edges(corners, at) > 2  # pixels
    assert inside.sum() > 100
    sure = [key for key, each in zip(keys, far, strict=True) if each]
    wanted = {key for key, each in zip(keys, inside & far, strict=True) if each}
    assert marked & set(sure) == wanted
    assert len(marked) <= inside.sum() + (~far).sum()
    view.notebook.wait_for_value("len(explorer.selection)", len(marked))
    view.explorer.open_tab("All images")
    tray = view.explorer.images.get_by_role("group", name="Marked images")
    expect(tray).to_contain_text(f"{len(marked)} images marked")


def test_pointing_shows_an_image_and_a_click_opens_it(view: MapView) -> None:
    view.open()
    view.drawn()
    keys, points = view.notebook.value("places(analysis)")
    at = view.positions(np.array(points))
    gaps = np.linalg.norm(at[:, None] - at, axis=2)
    np.fill_diagonal(gaps, np.inf)
    alone = int(gaps.min(axis=1).argmax())
    split, row = keys[alone].split(":")
    facts = view.notebook.value(
        f"analysis.image_table([{row}], {split!r}).reset_index().iloc[0].astype(str).to_dict()"
    )
    x, y = at[alone]
    view.notebook.page.mouse.move(x - 3, y - 3)
    view.notebook.page.mouse.move(x, y, steps=3)
    hint = view.root.locator(".imbxai-tooltip")
    expect(hint).to_contain_text(f"{split.capitalize()} image {facts['image']}")
    expect(hint).to_contain_text(f"Label: {facts['label']}")
    expect(hint.locator("canvas")).to_be_visible()
    view.notebook.page.mouse.click(x, y)
    dialog = view.notebook.page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"{split.capitalize()} image {facts['image']}")
    expect(dialog).to_contain_text("1 of 60")
    view.notebook.page.keyboard.press("Escape")
    assert view.notebook.value("explorer._linker.marked") == []


def test_it_is_drawn_in_every_color_and_anew_in_another_theme(view: MapView) -> None:
    view.open()
    view.drawn()
    field = view.root.get_by_role("combobox", name="Color")
    before = view.picture()
    for name in ("archetype", "error", "kept", "class"):
        field.select_option(name)
        before = view.changed(before)
    with view.notebook.dark():
        view.changed(before)


def test_100_000_images_are_drawn_moved_and_not_marked_at_once(notebook: NotebookPage) -> None:
    """Without a GPU a frame may take long; how long is told by -s, and by docs/map.md."""
    prepare = (
        f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n"
        "from imbxai_widgets import Explorer\n"
        "from tests.benchmarks.large_analysis import large_analysis\n"
        "many = large_analysis(10, 84_000)"
    )
    notebook.open("map_of_many.ipynb", [prepare, "explorer = Explorer(many)\nexplorer"])
    view = MapView(notebook)
    expect(view.explorer.thumbnails.first).to_be_visible(timeout=PATIENCE_MS)
    view.open()
    place = view.root.get_by_role("img")
    expect(place).to_have_accessible_name(re.compile("^100,800 images as points"))
    view.drawn()
    frames = notebook.page.evaluate(FRAMES, 20)
    print(f"100,800 images: a frame takes {np.median(frames):.0f} ms")
    assert np.median(frames) < 2000
    view.root.get_by_role("button", name="Whole map").click()
    view.lasso.click()
    box = view.box
    corners = np.array([[0.01, 0.01], [0.99, 0.01], [0.99, 0.99], [0.01, 0.99]])
    view.draw_around(corners * [box["width"], box["height"]] + [box["x"], box["y"]])
    expect(view.told).to_contain_text("more than the 10,000 that can be marked")
    assert notebook.value("explorer._linker.marked") == []


def test_without_webgl_a_line_says_so_and_the_rest_works(fresh_notebook: NotebookPage) -> None:
    fresh_notebook.page.add_init_script(
        "const get = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {"
        "  return kind.includes('webgl') ? null : get.call(this, kind, ...rest); };"
    )
    fresh_notebook.open(DEMO, [ANALYSIS, SHOW])
    view = MapView(fresh_notebook)
    expect(view.explorer.thumbnails.first).to_be_visible(timeout=PATIENCE_MS)
    view.open()
    expect(view.root.get_by_role("alert").first).to_contain_text("draws no WebGL")
    expect(view.canvas).to_have_count(0)
    assert view.root.locator(".imbxai-map-class").count() == 10
    view.explorer.pick("Flags")
    expect(view.words).to_contain_text("neighborhoods of Flags")
    fresh_notebook.close_widgets()

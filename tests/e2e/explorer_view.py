"""One Explorer as a user sees it: what each panel shows, and how to click in it."""

from __future__ import annotations

from typing import Any

from notebook_page import LOOK_MS
from playwright.sync_api import Locator, TimeoutError, expect

PATIENCE_MS = 60_000

# What each panel shows of the selected class: texts, lengths of bars, bytes of images.
_PANELS = """(root) => {
  const text = (selector) => root.querySelector(selector)?.textContent ?? "";
  const down = (selector) => [...root.querySelectorAll(selector)]
    .map((element) => [element.getBoundingClientRect().top, element])
    .sort(([top], [other]) => top - other)
    .map(([, element]) => element);
  const texts = (selector) => down(selector).map((element) => element.textContent);
  const lengths = (selector) => down(`${selector} .bargroup`).map((row) =>
    [...row.querySelectorAll("rect.bar")].map((bar) => Number(bar.getAttribute("width"))));
  const canvases = [...root.querySelectorAll("[data-testid=imbxai-archetypes] canvas")];
  return {
    picker: text("[data-testid=imbxai-picker] [aria-selected=true]"),
    header: text("[data-testid=imbxai-header]"),
    archetypes: text("[data-testid=imbxai-archetypes]"),
    failures: text("[data-testid=imbxai-failures] .imbxai-body"),
    images: canvases.map((canvas) => canvas.toDataURL()),
    overlap: text("[data-testid=imbxai-overlap]"),
    "adversary names": texts(".imbxai-adversary-name"),
    "adversary bars": lengths(".imbxai-adversaries"),
    "color bars": lengths(".imbxai-colors"),
    // Without its tooltip, which goes with the pointer.
    overview: text("[data-testid=imbxai-overview] .imbxai-body") +
      text("[data-testid=imbxai-overview] .imbxai-picked"),
  };
}"""

# The names of the panels that show the same as before.
_UNCHANGED = f"""([root, before]) => {{
  const now = ({_PANELS})(root);
  return Object.keys(now).filter((key) => JSON.stringify(now[key]) === JSON.stringify(before[key]));
}}"""

# The panels, once they have stood still for 200 ms: images come last, and asynchronously.
# Charts of bqplot follow a change of their width 300 ms later: then a plot ends within its figure,
# at most the widest margin at the right (see `row_figure`) before its end.
_SETTLED = f"""async (root) => {{
  const fits = (figure) => {{
    const plot = figure.querySelector(".plotarea_background")?.getBoundingClientRect();
    const left = figure.getBoundingClientRect().right - (plot?.right ?? 0);
    return -1 < left && left < 25;
  }};
  // and only where it is in sight
  const inSight = (figure) => {{
    const {{ top, bottom }} = figure.getBoundingClientRect();
    return bottom > 0 && top < innerHeight;
  }};
  const charts = () => [...root.querySelectorAll(".imbxai-chart.bqplot")]
    .filter((figure) => figure.checkVisibility({{ visibilityProperty: true }}) && inSight(figure));
  const end = performance.now() + {PATIENCE_MS};
  let last = "";
  for (let looks = 0; looks < 4; looks++) {{
    await new Promise((done) => setTimeout(done, 50)); // to look at every frame keeps a core busy
    await new Promise(requestAnimationFrame);
    const now = JSON.stringify(({_PANELS})(root));
    const misfits = charts().filter((figure) => !fits(figure));
    if (performance.now() > end) {{
      const plotOf = (figure) => figure.querySelector(".plotarea_background");
      const sizes = misfits.map((figure) => [figure, plotOf(figure)]
        .map((element) => JSON.stringify(element?.getBoundingClientRect())));
      throw new Error(`the panels do not stand still; charts that do not fit: ${{sizes}}`);
    }}
    if (now !== last || misfits.length) looks = 0;
    last = now;
  }}
  return JSON.parse(last);
}}"""

# Of each image shown, four pixels of 32 x 32, read in the middle of where they are drawn.
_PIXELS = """(group) => {
  const canvas = group.querySelector("canvas");
  const context = canvas.getContext("2d");
  const scale = canvas.width / canvas.getBoundingClientRect().width;
  const pixel = (box, row, column) => {
    const origin = canvas.getBoundingClientRect();
    const x = (box.left - origin.left + ((column + 0.5) / 32) * box.width) * scale;
    const y = (box.top - origin.top + ((row + 0.5) / 32) * box.height) * scale;
    return [...context.getImageData(x, y, 1, 1).data.slice(0, 3)];
  };
  return [...group.querySelectorAll("[data-image]")].map((thumbnail) => {
    const box = thumbnail.getBoundingClientRect();
    const at = [[8, 8], [8, 24], [16, 16], [24, 12]];
    return [Number(thumbnail.dataset.image), at.map(([r, c]) => pixel(box, r, c))];
  });
}"""

Panels = dict[str, Any]


class ExplorerView:
    """One view of an Explorer."""

    def __init__(self, root: Locator) -> None:
        self.root = root
        self.picker = root.get_by_test_id("imbxai-picker")
        self.tabs = root.get_by_test_id("imbxai-tabs")
        self.header = root.get_by_test_id("imbxai-header")
        self.gallery = root.get_by_test_id("imbxai-archetypes")
        self.failures = root.get_by_test_id("imbxai-failures")
        self.images = root.get_by_test_id("imbxai-images")
        self.overlap = root.get_by_test_id("imbxai-overlap")
        self.overview = root.get_by_test_id("imbxai-overview")

    # -- what it shows ---------------------------------------------------------------------

    def panels(self, name: str) -> Panels:
        """Return what the panels show of a class, once all of it is drawn."""
        expect(self.selected).to_have_attribute("data-class", name, timeout=PATIENCE_MS)
        expect(self.header.locator("h2")).to_have_text(name, timeout=PATIENCE_MS)
        expect(self.thumbnails.first).to_be_visible(timeout=PATIENCE_MS)
        found: Panels = self.root.evaluate(_SETTLED)
        return found

    def wait_for_all_changed(self, before: Panels) -> None:
        """Wait until every panel shows something else than before; name those that do not."""
        page, given = self.root.page, [self.root.element_handle(), before]
        changed = f"(given) => ({_UNCHANGED})(given).length === 0"
        try:
            page.wait_for_function(changed, arg=given, timeout=PATIENCE_MS, polling=LOOK_MS)
        except TimeoutError:
            unchanged = ", ".join(page.evaluate(_UNCHANGED, given))
            raise AssertionError(f"these panels did not change: {unchanged}") from None

    def pixels(self, archetype: str) -> list[tuple[int, list[list[int]]]]:
        """Return the images of a group: their number, and four pixels as drawn."""
        return [tuple(entry) for entry in self.group(archetype).evaluate(_PIXELS)]

    def overlap_rows(self) -> list[str]:
        """Return the names in the overlap table, from the top."""
        rows = self.overlap.locator("[data-class]")
        return [str(row.get_attribute("data-class")) for row in rows.all()]

    def failure_counts(self) -> dict[str, int]:
        """Return how many of the images that fail are taken for what, most first."""
        titles = self.failures.locator(".imbxai-failure-title").all()
        pairs = [title.get_by_role("button").all_text_contents() for title in titles]
        return {name: int(number) for name, number in pairs}

    def settle(self) -> None:
        """Wait until all is drawn."""
        self.root.evaluate(_SETTLED)

    # -- where to click --------------------------------------------------------------------

    @staticmethod
    def mark(thumbnail: Locator) -> None:
        """Click the corner of an image."""
        thumbnail.hover(position={"x": 8, "y": 8})
        thumbnail.locator("xpath=following-sibling::button[1]").click()

    @property
    def selected(self) -> Locator:
        """The selected row of the picker."""
        return self.picker.locator("[aria-selected=true]")

    @property
    def thumbnails(self) -> Locator:
        """All images shown."""
        return self.gallery.locator("[data-image]")

    def pick(self, name: str) -> None:
        """Click a class in the picker."""
        self.picker.locator(f'[data-class="{name}"]').click()

    def more_images(self) -> None:
        """Click "more" below all images; those that come then, the kernel has."""
        images = self.root.get_by_test_id("imbxai-images")
        shown = images.locator("[data-image]:visible")
        images.scroll_into_view_if_needed()  # they come when they are in sight
        expect(shown.first).to_be_visible(timeout=PATIENCE_MS)
        before = shown.count()
        images.locator("[data-action=more]:visible").first.click()
        expect(shown).not_to_have_count(before, timeout=PATIENCE_MS)

    def group(self, archetype: str) -> Locator:
        """Return one column of the gallery."""
        return self.gallery.locator(f'[data-archetype="{archetype}"]')

    def look_closer(self, thumbnail: Locator) -> None:
        """Open an image, see that the dialog is in sight and is filled, and close it again."""
        dialog = self.root.get_by_role("dialog")
        thumbnail.click()
        expect(dialog).to_be_in_viewport(ratio=1)
        expect(dialog.locator(".imbxai-detail-probability").first).to_be_visible(
            timeout=PATIENCE_MS
        )
        expect(dialog.locator(".imbxai-detail-neighbor")).to_have_count(5)
        self.root.page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        expect(thumbnail).to_be_focused()

    def open_tab(self, title: str) -> None:
        """Open a tab."""
        self.tabs.get_by_role("tab", name=title).click()

    def click_adversary(self, rank: int) -> None:
        """Click the name of what the class is mistaken for; most often that of rank 0."""
        self.root.locator(".imbxai-adversary-name").nth(rank).click()

    def pick_in_overlap(self, name: str) -> None:
        """Click the name of a class in the table of shared features."""
        self.overlap.locator(f'[data-class="{name}"] .imbxai-link').click()

    def overview_marks(self) -> list[str]:
        """Return the names of row and column that are marked in the overview."""
        return self.overview.locator(".imbxai-picked .imbxai-overview-name").all_text_contents()

    def click_overview(self, row: str) -> None:
        """Click the name of a row in the overview."""
        self.open_tab("All classes")
        self.overview.get_by_role("rowheader", name=row).click()

    def overview_cell(self, row: str, column: str) -> Locator:
        """Return the cell of a true class and one that it is taken for."""
        names = self.overview.locator("[role=columnheader]").all_text_contents()
        rows = self.overview.locator("[role=rowheader]").all_text_contents()
        cells = self.overview.locator("[role=row]").nth(rows.index(row) + 1)
        return cells.locator("[role]").nth(names.index(column))

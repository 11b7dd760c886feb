"""The detail: one image, or one feature, looked at closer in a dialog over the page."""

from __future__ import annotations

from typing import Any

import traitlets

from imbxai_widgets.explorer.panel import Editing, PanelContent
from imbxai_widgets.explorer.panels._charts import ChartPanel
from imbxai_widgets.explorer.panels._feature_detail import (
    FeatureDetail,
    feature_detail,
    histogram_chart,
)
from imbxai_widgets.explorer.panels._feature_maps import FeatureMaps, feature_maps
from imbxai_widgets.explorer.panels._held_images import held_images
from imbxai_widgets.explorer.panels._image_detail import ImageDetail, image_detail
from imbxai_widgets.explorer.panels._image_look import ImageLook, image_look


class DetailContent(PanelContent):
    """What is opened by a click; nothing until then."""

    name = "detail"
    place = "over"
    turn = 8  # there is nothing to see of it when a class is selected
    asked = ("image", "look", "feature", "feature_maps")

    def widget(self, selected: int) -> DetailPanel:
        """Return a dialog that is closed."""
        figure, marks = histogram_chart()
        return DetailPanel.around(figure, marks, selected=selected)

    def feature(self, feature: int, index: int, other: int | None) -> FeatureDetail:
        """Return what a feature does in a class, and in another; see `feature_detail`."""
        return feature_detail(self.deck, feature, index, other)

    def feature_maps(self, feature: int, rows: list[list[int]]) -> FeatureMaps:
        """Return where in its images a feature responds; see `feature_maps`."""
        return feature_maps(self.deck, feature, rows)

    def image(self, key: str) -> ImageDetail:
        """Return what is known of an image; see `image_detail`."""
        return image_detail(self.deck, key)

    def held(self, cards: list[dict[str, Any]], limit: int) -> dict[str, dict[str, Any]]:
        """Return what is known of the images on cards, up to a limit; see `held_images`."""
        return held_images(self.deck, cards, limit)

    def look(self, key: str) -> ImageLook:
        """Return where the network looks in an image; see `image_look`."""
        return image_look(self.deck, key)


class DetailPanel(Editing, ChartPanel):
    """A dialog over the page, in which one image or feature is looked at closer.

    The chart of a feature stands beside it, out of sight; the front end takes it into the dialog
    while a feature is open.

    Parameters
    ----------
    opened : dict
        What is shown; set in the page by the linker. See js/src/parts/open.ts.
    selected : int
        Index of the selected class. A click on a class's name sets it in the page.
    marked : list of str
        Keys of the marked images, in the order they were marked.
    histogram : dict
        How large the open feature is; set in the page. See js/src/parts/feature_answer.ts.
    marks : dict of str to Widget
        What `histogram` changes: ``bars``, ``sizeAxis``, ``shareAxis``.
    held : dict of str to dict
        What the page holds of images by their keys, as `DetailContent.image` answers; empty where
        the kernel is asked.
    """

    _bundle = "detail"

    opened: Any = traitlets.Dict().tag(sync=True)
    selected = traitlets.Int(0).tag(sync=True)
    marked = traitlets.List(traitlets.Unicode()).tag(sync=True)
    histogram: Any = traitlets.Dict().tag(sync=True)
    held: Any = traitlets.Dict().tag(sync=True)

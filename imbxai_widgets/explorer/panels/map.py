"""The map: all images in two dimensions, and how much of their neighborhoods it keeps."""

from __future__ import annotations

from functools import cached_property
from typing import Any, TypedDict

import numpy as np
import traitlets

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.analysis.split import Split
from imbxai_widgets.compute.methods.neighborhoods_kept import space_of
from imbxai_widgets.compute.reading.splits import SPLITS, SplitName
from imbxai_widgets.explorer.deck import number
from imbxai_widgets.explorer.panel import Card, Panel, PanelContent, Part, read_static
from imbxai_widgets.explorer.panels._most_mistaken import most_mistaken
from imbxai_widgets.explorer.thumbnails import Tiles, make_tiles

ADVERSARIES = 3  # classes that stand out beside the selected one
LEVELS = 5  # steps of the share that is kept of a neighborhood: none, a fifth, ..., all
# Of a page without a kernel: the places of some 200,000 images, and what draws them.
HELD_BYTES = 4_000_000
_IMAGE_BYTES = 18  # of an image: x, y, label, prediction, archetype, level
WORDS = {"pca": "PCA", "umap": "UMAP", "own": "coordinates that were given"}


class MapClass(TypedDict):
    """What a card tells the map of a class."""

    adversaries: list[int]  # the classes that it is mistaken for most, most first


class MapPart(Part):
    """Its part of a card."""

    map: MapClass


class MapPlaces(TypedDict):
    """All images, training images first, in the order of their rows."""

    training: int  # how many of them are training images
    projection: str  # in words
    k: int  # true neighbors of an image
    space: int  # and the nearest on the map that are looked at
    class_names: list[str]
    places: bytes  # float32, x and y of each
    labels: bytes  # uint32
    predictions: bytes  # uint32
    archetypes: bytes  # uint8


class MapTrust(TypedDict):
    """How much of the neighborhoods the map keeps."""

    kept: float | None  # mean over all images, 0 to 1
    by_chance: float  # on a map on which images lie anywhere
    levels: bytes  # uint8 of each image: 0 none to 5 all
    classes: bytes  # float32 of each class: the mean over its images; NaN without any


class HeldMap(TypedDict, total=False):
    """What a page without a kernel has of the map; nothing on others."""

    places: MapPlaces
    trust: MapTrust
    library: bytes  # what draws it


class MapContent(PanelContent):
    """All images of the analysis, placed by their embeddings."""

    name = "map"
    place = "tab"
    tab = "Map"
    turn = 8  # below the first screen
    part_type = MapPart
    asked = ("places", "trust", "library", "image")

    def part(self, index: int, page: int) -> MapPart:  # noqa: ARG002
        """Tell which classes stand out beside class `index`."""
        most = most_mistaken(self.deck, index)[:ADVERSARIES]
        return {"map": {"adversaries": most.tolist()}}

    def places(self) -> MapPlaces:
        """Return where all images lie, and what their colors tell."""
        analysis = self._mapped
        splits = self._splits(analysis)
        return {
            "training": len(analysis.train),
            "projection": WORDS[str(analysis.projection)],
            "k": analysis.k,
            "space": space_of(analysis.k, len(analysis.train)),
            "class_names": [self.deck.name(index) for index in range(analysis.n_classes)],
            "places": _joined([split.coordinates for split in splits], np.float32),
            "labels": _joined([split.labels for split in splits], np.uint32),
            "predictions": _joined([split.predictions for split in splits], np.uint32),
            "archetypes": _joined([split.archetypes for split in splits], np.uint8),
        }

    def trust(self) -> MapTrust:
        """Return how much of the neighborhoods the map keeps."""
        analysis = self._mapped
        table = analysis.neighborhoods_kept()
        kept = [analysis.map_table(name)["kept"] for name in self._names(analysis)]
        levels = [np.round(LEVELS * shares.to_numpy()) for shares in kept]
        return {
            "kept": number(table.attrs["kept"]),
            "by_chance": table.attrs["by_chance"],
            "levels": _joined(levels, np.uint8),
            "classes": _joined([table["kept"].to_numpy()], np.float32),
        }

    def library(self) -> dict[str, bytes]:
        """Return what draws the map: it would weigh on every page if it came with the panel."""
        return {"library": read_static("scatterplot.js").encode()}

    def image(self, split: SplitName, row: int) -> Tiles:
        """Return an image, for the hint beside its point."""
        return make_tiles(self.deck, split, np.array([row]))

    def held(self, limit: int) -> HeldMap:
        """Return all that it asks for, but for images; up to `HELD_BYTES`."""
        size = _IMAGE_BYTES * sum(map(len, self._splits(self.deck.analysis)))
        drawn = self.library()["library"]
        if size + len(drawn) > min(limit, HELD_BYTES):
            return {}
        try:
            return {"places": self.places(), "trust": self.trust(), "library": drawn}
        except ValueError:  # as a file of an older version has not all embeddings
            return {}

    def widget(self, selected: int) -> MapPanel:
        """Return a map that is still empty."""
        return MapPanel(selected=selected)

    @cached_property
    def _mapped(self) -> Analysis:
        """The analysis with a map: its own, or one by PCA."""
        analysis = self.deck.analysis
        return analysis if analysis.projection else analysis.with_projection("pca")

    @staticmethod
    def _names(analysis: Analysis) -> tuple[SplitName, ...]:
        return SPLITS if analysis.validation is not None else SPLITS[:1]

    def _splits(self, analysis: Analysis) -> list[Split]:
        return [analysis.split(name) for name in self._names(analysis)]


def _joined(parts: list[Any], dtype: Any) -> bytes:
    """Return arrays as the bytes of one, little-endian."""
    joined = np.concatenate([np.asarray(part) for part in parts])
    return joined.astype(np.dtype(dtype).newbyteorder("<")).tobytes()


class MapPanel(Panel):
    """All images on a map.

    Its front end asks for what it shows when it comes into sight: ``ask("places")``,
    ``ask("trust")`` and ``ask("library")``; and ``ask("image", {split, row})`` for what is pointed
    at. See `MapContent`.

    Parameters
    ----------
    card : dict
        ``index``, ``name`` and the keys of `MapPart`; empty while no class is shown.
    selected : int
        Index of the selected class. A click on a class of the legend sets it in the page.
    marked : list of str
        Keys of the marked images, in the order they were marked; a lasso sets them in the page.
    opens : dict
        Which image a click asks to look at closer; see js/src/parts/open.ts.
    edits : dict
        The edits of images, which one of its colors shows; see js/src/parts/edits.ts.
    held : dict
        What a page without a kernel has: see `HeldMap`. Empty otherwise.
    """

    _bundle = "map"

    card = Card(MapPart).tag(sync=True)
    selected = traitlets.Int(0).tag(sync=True)
    marked = traitlets.List(traitlets.Unicode()).tag(sync=True)
    opens: Any = traitlets.Dict().tag(sync=True)
    edits: Any = traitlets.Dict().tag(sync=True)
    held: Any = traitlets.Dict().tag(sync=True)

"""What the dialog shows of one feature: in a class, and in another that shares it."""

from __future__ import annotations

from typing import TypedDict

import bqplot
import numpy as np
import pandas as pd

from imbxai_widgets.explorer.deck import Deck, number
from imbxai_widgets.explorer.panels import _charts
from imbxai_widgets.explorer.sprites import Sprite
from imbxai_widgets.explorer.text import percent_ticks
from imbxai_widgets.explorer.thumbnails import Thumbnail, make_tiles, no_images

IMAGES = 8  # of each class
BINS = 10
TILE = 192  # pixels a side
_BIN_HEIGHT = 27  # pixels; three bars stand in it
# The class, the one that shares the feature, all others; see detail_feature.css.
COLORS = ("var(--imbxai-accent)", "var(--imbxai-text)", "var(--imbxai-elsewhere)")


class SharingClass(TypedDict):
    """A class that has the feature among its top ones."""

    index: int
    name: str


class FeatureSide(TypedDict):
    """The feature in one class, and the images in which it adds most to the class's logit."""

    index: int
    name: str
    images: int
    rank: int | None  # among the top features of the class, from 1; None if it is none of them
    mean: float | None  # of the feature over these images
    contribution: float | None  # the mean of what that adds to the logit of the class
    values: list[float]  # the feature in each image
    contributions: list[float | None]  # of each image
    thumbnails: list[Thumbnail]
    sprite: Sprite | None


class FeatureHistogram(TypedDict):
    """How many training images have the feature how large, bin by bin."""

    edges: list[float]  # one more than bins
    here: list[int]
    there: list[int]
    elsewhere: list[int]
    ticks: list[float]  # of the axis of shares


class FeatureDetail(TypedDict):
    """One feature in a class, and in another if any shares it."""

    feature: int
    features: int  # how many there are
    head: bool  # whether contributions are known
    sharing: list[SharingClass]
    sides: list[FeatureSide]
    apart: float | None  # of what tells the two classes apart, what the feature makes
    histogram: FeatureHistogram
    missing: str  # how to give images that were not given
    notice: str  # what went wrong in reading them
    first_data: bytes  # the pictures of the sides' images
    second_data: bytes


def feature_detail(deck: Deck, feature: int, index: int, other: int | None = None) -> FeatureDetail:
    """Tell what a feature does in class `index`, and in one that shares it.

    Parameters
    ----------
    deck : Deck
    feature : int
        0 to D-1.
    index : int
        Number of the class.
    other : int, optional
        Number of the class beside it. By default the one that, of those that have the feature among
        their top ones, shares most top features with class `index`; none if there are none.

    Raises
    ------
    ValueError
        If there is no such feature or class, or both classes are the same.
    """
    analysis = deck.analysis
    sharing = _sharing(deck, feature, index)
    if other is None and sharing:
        other = sharing[0]
    table = analysis.feature_histogram(feature, index, other, bins=BINS)
    sides = [_side(deck, feature, each) for each in (index, other) if each is not None]
    apart = None if other is None else deck.rows.share_apart(index, other, [feature])
    notices = dict.fromkeys(notice for _, _, notice in sides if notice)
    return {
        "feature": feature,
        "features": int(analysis.embeddings.shape[1]),
        "head": analysis.head is not None,
        "sharing": [{"index": each, "name": deck.name(each)} for each in sharing],
        "sides": [side for side, _, _ in sides],
        "apart": apart,
        "histogram": _histogram(table),
        "missing": no_images(deck, "training"),
        "notice": " ".join(notices),
        "first_data": sides[0][1],
        "second_data": sides[1][1] if len(sides) > 1 else b"",
    }


def histogram_chart() -> tuple[bqplot.Figure, dict[str, bqplot.interacts.Widget]]:
    """Return a chart of a feature's sizes that is still empty, and what of it changes."""
    ranks, shares = _charts.rank_scale(BINS), _charts.length_scale()
    bars = bqplot.Bars(
        x=np.arange(BINS),
        y=np.zeros((3, BINS)),
        scales={"x": ranks, "y": shares},
        type="grouped",
        orientation="horizontal",
        colors=list(COLORS),
        padding=0.15,
        stroke_width=0,
        enable_hover=False,
    )
    share_axis = _charts.percent_axis(shares, "share of the images", ())
    widest = ["-10.00 to -10.00"] * BINS
    size_axis = _charts.rank_axis(ranks, widest)
    figure = _charts.row_figure(
        [bars], [size_axis, share_axis], height=_BIN_HEIGHT * BINS, labels=widest
    )
    return figure, {"bars": bars, "sizeAxis": size_axis, "shareAxis": share_axis}


def _sharing(deck: Deck, feature: int, index: int) -> list[int]:
    """Return the other classes that have a feature among their top ones, the nearest first.

    Nearest are those that share most top features with class `index`.
    """
    having = np.flatnonzero((deck.rows.top[0] == feature).any(axis=1))
    having = having[having != index]
    shared = deck.rows.shared_counts(index)[having]
    return [int(each) for each in having[np.argsort(-shared, kind="stable")]]


def _side(deck: Deck, feature: int, index: int) -> tuple[FeatureSide, bytes, str]:
    """Return a side, the picture of its images, and what went wrong in reading them."""
    table = deck.analysis.feature_images(index, feature, limit=IMAGES)
    tiles = make_tiles(deck, "training", table["row"].to_numpy(dtype=np.int64), largest=TILE)
    mean, contribution = deck.rows.feature_means(index, feature)
    ranked = [entry[0] for entry in deck.rows.top_features(index)]
    side: FeatureSide = {
        "index": index,
        "name": deck.name(index),
        "images": int(deck.rows.sizes[index]),
        "rank": ranked.index(feature) + 1 if feature in ranked else None,
        "mean": mean,
        "contribution": contribution,
        "values": table["value"].tolist(),
        "contributions": [number(value) for value in table["contribution"]],
        "thumbnails": tiles["thumbnails"],
        "sprite": tiles["sprite"],
    }
    return side, tiles["sprite_data"], tiles["notice"]


def _histogram(table: pd.DataFrame) -> FeatureHistogram:
    counts = {name: table[name].tolist() for name in ("here", "there", "elsewhere")}
    shares = [value / max(sum(group), 1) for group in counts.values() for value in group]
    return {
        "edges": [*table["low"].tolist(), float(table["high"].iloc[-1])],
        "here": counts["here"],
        "there": counts["there"],
        "elsewhere": counts["elsewhere"],
        "ticks": percent_ticks(max(shares)),
    }

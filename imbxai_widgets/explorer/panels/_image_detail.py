"""What the dialog shows of one image: itself, its probabilities, neighbors and features."""

from __future__ import annotations

import io
from typing import Any, Final, TypedDict

import numpy as np
from PIL import Image

from imbxai_widgets.compute.methods.archetypes import ARCHETYPES
from imbxai_widgets.compute.numeric.types import IntArray, UInt8Array
from imbxai_widgets.compute.reading.splits import SplitName
from imbxai_widgets.explorer.deck import Deck
from imbxai_widgets.explorer.marks import place_of
from imbxai_widgets.explorer.sprites import Sprite, make_sprite
from imbxai_widgets.explorer.text import counted
from imbxai_widgets.explorer.thumbnails import Thumbnail, no_images, thumbnails_of

PROBABILITIES: Final = 5
FEATURES: Final = 5
_LOSSLESS: Final = 1_000_000  # pixels; a PNG of more takes longer to write than a reader waits


class Picture(TypedDict):
    """An image at its own size."""

    width: int
    height: int
    type: str  # media type


class ClassProbability(TypedDict):
    """How probable the network thinks a class."""

    index: int
    name: str
    probability: float


class Neighbor(TypedDict):
    """A training image that lies near."""

    index: int  # of its class
    distance: float  # in units of the embedding
    thumbnail: Thumbnail


class FeatureTerm(TypedDict):
    """What one feature adds to two logits."""

    feature: int
    value: float
    predicted: float  # to the logit of the predicted class
    label: float  # to that of the label


class FeatureTerms(TypedDict):
    """The features that add most to the logit of the predicted class, and all others."""

    rows: list[FeatureTerm]
    others: int  # features that are not listed
    rest: list[float]  # what these and the bias add to the two logits
    logits: list[float]  # of the predicted class and of the label
    note: str  # why there are none


class ImageDetail(TypedDict):
    """All that is known of an image without running the network."""

    thumbnail: Thumbnail
    label: int  # number of its class
    picture: Picture | None  # None where no images were given, or this one cannot be read
    picture_data: bytes
    missing: str  # why there is no picture
    probabilities: list[ClassProbability]  # the largest, and that of the label behind them
    certain: str  # why there are no probabilities
    archetype: str  # in words
    neighbors: list[Neighbor]  # the nearest first
    neighbor_sprite: Sprite | None
    neighbor_data: bytes
    features: FeatureTerms


def image_detail(deck: Deck, key: str, *, neighbor_pictures: bool = True) -> ImageDetail:
    """Return what is known of an image.

    Parameters
    ----------
    deck : Deck
    key : str
        Such as ``"training:12"``, row of a split.
    neighbor_pictures : bool
        Whether the pictures of its neighbors come along.

    Raises
    ------
    ValueError
        If there is no such image.

    Examples
    --------
    >>> detail = image_detail(Deck(analysis), "validation:807")
    >>> detail["archetype"], detail["picture"]["width"]
    ('0 of 5 neighbors are of Plants, so an outlier.', 32)
    >>> [row["name"] for row in detail["probabilities"]][:2]
    ['Food', 'People']
    """
    split, row = place_of(deck.analysis, key)
    images = deck.analysis.split(split)
    picture, data, missing = _picture(deck, split, row)
    near = images.neighbors[row]
    sprite, sprite_data = _neighbor_sprite(deck, near) if neighbor_pictures else (None, b"")
    thumbnail, label = thumbnails_of(deck, split, np.array([row]))[0], int(images.labels[row])
    return {
        "thumbnail": thumbnail,
        "label": label,
        "picture": picture,
        "picture_data": data,
        "missing": missing,
        **_probabilities(deck, split, row),  # type: ignore[typeddict-item]
        "archetype": _archetype(deck, split, row),
        "neighbors": [
            {
                "index": int(deck.analysis.labels[each]),
                "distance": float(distance),
                "thumbnail": tile,
            }
            for each, distance, tile in zip(
                near,
                images.neighbor_distances[row],
                thumbnails_of(deck, "training", near),
                strict=True,
            )
        ],
        "neighbor_sprite": sprite,
        "neighbor_data": sprite_data,
        "features": _features(deck, split, row),
    }


def _neighbor_sprite(deck: Deck, near: IntArray) -> tuple[Sprite | None, bytes]:
    source = deck.analysis.images
    if source is None:
        return None, b""
    # One that cannot be read is a crossed tile, and says why once it is opened.
    sprite, data, _ = make_sprite(source, near)
    return sprite, data


def _picture(deck: Deck, split: SplitName, row: int) -> tuple[Picture | None, bytes, str]:
    source = deck.analysis.split(split).images
    if source is None:
        return None, b"", no_images(deck, split)
    try:
        pixels = source[row]
    except Exception as error:  # whatever the user's dataset raises
        return None, b"", f"This image could not be read: {type(error).__name__}: {error}"
    picture, data = encoded(pixels)
    return picture, data, ""


def encoded(pixels: UInt8Array) -> tuple[Picture, bytes]:
    r"""Write an image (H, W, 3) as a file; without loss, unless it is large.

    Examples
    --------
    >>> picture, data = encoded(np.zeros((2, 3, 3), dtype=np.uint8))
    >>> picture, data[:4]
    ({'width': 3, 'height': 2, 'type': 'image/png'}, b'\x89PNG')
    """
    height, width = pixels.shape[:2]
    kind, options = "png", {"compress_level": 1}
    if width * height > _LOSSLESS:
        kind, options = "jpeg", {"quality": 92}
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return {"width": width, "height": height, "type": f"image/{kind}"}, file.getvalue()


def _probabilities(deck: Deck, split: SplitName, row: int) -> dict[str, Any]:
    images = deck.analysis.split(split)
    classes, values = images.top.classes[row], images.top.probabilities[row]
    if np.isnan(values[0]):
        why = "Probabilities are not known: the analysis was made of predictions alone."
        return {"probabilities": [], "certain": why}
    pairs = list(zip(classes.tolist(), values.tolist(), strict=True))[:PROBABILITIES]
    label = int(images.labels[row])
    if label not in [index for index, _ in pairs]:
        pairs.append((label, float(images.top.of_labels[row])))
    rows: list[ClassProbability] = [
        {"index": index, "name": deck.name(index), "probability": value} for index, value in pairs
    ]
    return {"probabilities": rows, "certain": ""}


def _archetype(deck: Deck, split: SplitName, row: int) -> str:
    images = deck.analysis.split(split)
    label, near = int(images.labels[row]), deck.analysis.labels[images.neighbors[row]]
    own = int(np.count_nonzero(near == label))
    name = ARCHETYPES[int(images.archetypes[row])].replace("outlier", "an outlier")
    are = "is" if own == 1 else "are"
    return f"{own} of {counted(len(near), 'neighbor')} {are} of {deck.name(label)}, so {name}."


def _features(deck: Deck, split: SplitName, row: int) -> FeatureTerms:
    try:
        table = deck.analysis.image_contributions(row, split)
    except ValueError as error:  # no head, or no embeddings of these images
        return {"rows": [], "others": 0, "rest": [], "logits": [], "note": f"{error}."}
    terms, bias = table.iloc[:-1], table.iloc[-1]
    listed, others = terms.iloc[:FEATURES], terms.iloc[FEATURES:]
    logits = [float(table[name].sum()) for name in ("predicted", "label")]
    return {
        "rows": [
            {
                "feature": int(str(feature)),
                "value": float(values["value"]),
                "predicted": float(values["predicted"]),
                "label": float(values["label"]),
            }
            for feature, values in listed.iterrows()
        ],
        "others": len(others),
        "rest": [float(others[name].sum() + bias[name]) for name in ("predicted", "label")],
        "logits": logits,
        "note": "",
    }

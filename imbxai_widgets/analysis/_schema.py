"""What a saved analysis must hold: every array's type, shape and range, and how they fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args

import numpy as np

from imbxai_widgets.compute.colors.schemes import color_scheme
from imbxai_widgets.compute.embedding.saliency import check_fraction
from imbxai_widgets.compute.methods.archetypes import ARCHETYPES
from imbxai_widgets.compute.methods.projection import ProjectionName
from imbxai_widgets.compute.numeric.checks import check_count
from imbxai_widgets.compute.numeric.head import Head
from imbxai_widgets.datasets.same_images import SIDE

# Of each split, with the dimensions by letter: M images, k neighbors, T largest probabilities,
# n images whose looks are kept.
SPLIT_ARRAYS: Final = {
    "labels": (np.int64, "M"),
    "neighbors": (np.int64, "Mk"),
    "neighbor_distances": (np.float32, "Mk"),
    "archetypes": (np.int8, "M"),
    "positions": (np.int64, "M"),
    "top_classes": (np.int64, "MT"),
    "top_probabilities": (np.float32, "MT"),
    "top_of_labels": (np.float32, "M"),
}
# Of a split, not in every file; of these embeddings are D features wide, colors B bins, and
# coordinates 2.
OPTIONAL_ARRAYS: Final = {
    "embeddings": (np.float32, "MD"),
    "color_counts": (np.unsignedinteger, "MB"),
    "pixel_counts": (np.unsignedinteger, "MB"),
    "coordinates": (np.float32, "M2"),
}
HEAD_ARRAYS: Final = {"head_weight": (np.float32, "CD"), "head_bias": (np.float32, "C")}
LOOKS_ARRAYS: Final = {
    "looks_rows": (np.int64, "n"),
    "looks_shown": (np.uint8, "n883"),
    "looks_pictures": (np.uint8, "n883"),
}
SPLITS: Final = ("train", "validation")
_ROUNDED = 1e-6  # how far above 1 rounding may take a probability


def upgraded(meta: dict[str, Any], arrays: dict[str, Any]) -> None:
    """Give what was read from a file of an older format the form of the present one, in place."""
    if meta["version"] == 4:
        meta["head"] = None
        if "embeddings" in arrays:
            arrays["train_embeddings"] = arrays.pop("embeddings")
    if meta["version"] < 6:
        meta["projection"] = None


def check_saved(meta: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
    """Refuse settings and arrays that no analysis has.

    Parameters
    ----------
    meta, arrays
        What a file holds.

    Raises
    ------
    ValueError
        If anything is missing, too much, of another type or shape or out of range, or does not
        fit the rest; the message names it.
    """
    try:
        _check_settings(meta)
    except (KeyError, TypeError) as error:
        raise ValueError(f"meta.json lacks {error}") from None
    splits = [name for name in SPLITS if f"{name}_labels" in arrays]
    _check_names(arrays, splits)
    sizes = {"8": SIDE, "3": 3, "2": 2, "C": len(meta["class_names"])}
    sizes["B"] = len(color_scheme(meta["color_scheme"]).bins)
    _check_array(arrays, "train_embeddings", np.float32, "ND", sizes)
    _check_head(meta["head"], arrays, sizes)
    if meta["top_k"] > sizes["D"]:
        raise ValueError(f"top_k is {meta['top_k']}, of {sizes['D']} features")
    if ("color_counts" in arrays) != (meta["salient_fraction"] is not None):
        raise ValueError("color_counts and salient_fraction must be there together")
    if "color_counts" in arrays:
        _check_array(arrays, "color_counts", np.int64, "CB", sizes)
        _check_range("color_counts", arrays["color_counts"], 0)
    _check_map(meta["projection"], arrays, splits)
    for name in splits:
        sizes |= {"M": sizes["N"] if name == "train" else len(arrays[f"{name}_labels"])}
        for letter in "Tn":
            sizes.pop(letter, None)
        _check_split(name, meta, arrays, sizes)
    own = np.arange(sizes["N"])[:, np.newaxis]
    if (arrays["train_neighbors"] == own).any():
        raise ValueError("train_neighbors has an image that is its own neighbor")


def _check_settings(meta: Mapping[str, Any]) -> None:
    names = meta["class_names"]
    if not _is_list(names, str) or not names or len(set(names)) < len(names):
        raise ValueError("class_names must be names, all different")
    if not isinstance(meta["color_scheme"], str):
        raise ValueError("color_scheme must be a name")
    color_scheme(meta["color_scheme"])
    check_count(meta["top_k"], "top_k")
    if not isinstance(meta.get("edited_from"), str | None):
        raise ValueError("edited_from must be a text, or null")
    fraction = meta["salient_fraction"]
    if fraction is not None:
        if not _is_number(fraction):
            raise ValueError(f"salient_fraction must be a number, not {fraction!r}")
        check_fraction(fraction)
    for name, found in meta["neighbors"].items():
        method, recall = found["neighbor_method"], found["neighbor_recall"]
        if len(found) != 2 or not isinstance(method, str) or not _is_number(recall):
            raise ValueError(f"neighbors of {name} must be a method and its recall")
        _check_range("neighbor_recall", np.float64(recall), 0, 1)
    for name, images in meta["skipped"].items():
        if not isinstance(images, list) or not all(map(_is_skipped, images)):
            raise ValueError(f"skipped of {name} must be numbers, paths and reasons")


def _check_names(arrays: Mapping[str, Any], splits: list[str]) -> None:
    wanted = {f"{split}_{name}" for split in splits for name in SPLIT_ARRAYS}
    wanted.add("train_embeddings")
    known = (*OPTIONAL_ARRAYS, *LOOKS_ARRAYS)
    optional = {f"{split}_{name}" for split in splits for name in known}
    optional |= {"color_counts", *HEAD_ARRAYS}
    if "train" not in splits or not wanted <= arrays.keys() <= wanted | optional:
        odd = sorted((wanted - arrays.keys()) | (arrays.keys() - wanted - optional))
        raise ValueError(f"these arrays are missing, or too many: {', '.join(odd) or 'train'}")


def _check_split(
    split: str, meta: Mapping[str, Any], arrays: Mapping[str, Any], sizes: dict[str, int]
) -> None:
    if split not in meta["neighbors"] or split not in meta["skipped"]:
        raise ValueError(f"meta.json lacks {split}")
    for name, (dtype, shape) in (SPLIT_ARRAYS | OPTIONAL_ARRAYS | LOOKS_ARRAYS).items():
        if f"{split}_{name}" in arrays:
            _check_array(arrays, f"{split}_{name}", dtype, shape, sizes)
    if not np.isfinite(arrays.get(f"{split}_embeddings", 0)).all():
        raise ValueError(f"{split}_embeddings must be finite")
    if sizes["k"] < 1 or sizes["T"] < 1:
        raise ValueError(f"{split} must have at least one neighbor and one probability an image")
    own = {name: arrays[f"{split}_{name}"] for name in SPLIT_ARRAYS}
    bounds: dict[str, tuple[float, float]] = {
        "labels": (0, sizes["C"] - 1),
        "neighbors": (0, sizes["N"] - 1),
        "neighbor_distances": (0, np.inf),
        "archetypes": (0, len(ARCHETYPES) - 1),
        "top_classes": (0, sizes["C"] - 1),
    }
    for name, (low, high) in bounds.items():
        _check_range(f"{split}_{name}", own[name], low, high)
    _check_colors(split, arrays)
    for name in ("top_probabilities", "top_of_labels"):  # NaN where only predictions are known
        known = own[name][~np.isnan(own[name])]
        _check_range(f"{split}_{name}", known, 0, 1 + _ROUNDED)
    _check_positions(split, own["positions"], meta["skipped"][split])
    rows = arrays.get(f"{split}_looks_rows")
    if (rows is None) != (f"{split}_looks_shown" not in arrays):
        raise ValueError(f"{split}_looks_rows and {split}_looks_shown must be there together")
    if rows is not None:
        _check_range(f"{split}_looks_rows", rows, 0, sizes["M"] - 1)


def _check_head(settings: Any, arrays: Mapping[str, Any], sizes: dict[str, int]) -> None:
    if (settings is not None) != ("head_weight" in arrays) or (
        "head_bias" in arrays and settings is None
    ):
        raise ValueError("head and head_weight must be there together")
    if settings is None:
        return
    for name, (dtype, shape) in HEAD_ARRAYS.items():
        if name in arrays:
            _check_array(arrays, name, dtype, shape, sizes)
    if set(settings) != {"scale", "normalized"} or not (
        _is_number(settings["scale"]) and isinstance(settings["normalized"], bool)
    ):
        raise ValueError("head must be a scale and whether it is normalized")
    Head(arrays["head_weight"], arrays.get("head_bias"), **settings)  # which checks values


def _check_map(method: Any, arrays: Mapping[str, Any], splits: list[str]) -> None:
    """Refuse a map without a name, or of one split alone."""
    if method is not None and method not in get_args(ProjectionName):
        raise ValueError(f"projection must be one of {get_args(ProjectionName)}, not {method!r}")
    for name in (f"{split}_coordinates" for split in splits):
        if (name in arrays) != (method is not None):
            raise ValueError(f"projection and {name} must be there together")
        if not np.isfinite(arrays.get(name, 0)).all():
            raise ValueError(f"{name} must be finite")


def _check_colors(split: str, arrays: Mapping[str, Any]) -> None:
    """Compare the colors of training images with those of their classes, and of all pixels."""
    counts, every = (arrays.get(f"{split}_{of}_counts") for of in ("color", "pixel"))
    if counts is None:
        if every is not None:
            raise ValueError(f"{split}_pixel_counts need {split}_color_counts beside them")
        return
    if split != "train" or "color_counts" not in arrays:
        raise ValueError(f"{split}_color_counts must be those of color_counts, of training images")
    totals = np.zeros_like(arrays["color_counts"])
    np.add.at(totals, arrays["train_labels"], counts)
    if not np.array_equal(totals, arrays["color_counts"]):
        raise ValueError("color_counts must be the sums of train_color_counts")
    if every is not None and (every < counts).any():
        raise ValueError(f"{split}_pixel_counts must be at least {split}_color_counts")


def _check_positions(split: str, positions: Any, skipped: list[list[Any]]) -> None:
    if (np.diff(positions) <= 0).any():
        raise ValueError(f"{split}_positions must rise")
    every = np.sort(np.concatenate([positions, np.array([i[0] for i in skipped], dtype=np.int64)]))
    if not np.array_equal(every, np.arange(len(every))):
        raise ValueError(f"{split}_positions and the images left out must be all of the dataset")


def _check_array(
    arrays: Mapping[str, Any], name: str, dtype: Any, letters: str, sizes: dict[str, int]
) -> None:
    """Compare type and shape; a letter without a size gets that which it first has."""
    array = arrays[name]
    if not np.issubdtype(array.dtype, dtype) or array.ndim != len(letters):
        wanted = f"{dtype.__name__} with {len(letters)} axes"
        raise ValueError(f"{name} must be {wanted}, not {array.shape} of {array.dtype}")
    for letter, size in zip(letters, array.shape, strict=True):
        if sizes.setdefault(letter, size) != size:
            raise ValueError(
                f"{name} has the shape {array.shape}, in which {size} should be {sizes[letter]}"
            )
    if letters in ("ND", "CB") and array.size == 0:
        raise ValueError(f"{name} must not be empty")


def _check_range(name: str, values: Any, low: float, high: float = np.inf) -> None:
    if not ((values >= low) & (values <= high)).all():
        raise ValueError(f"{name} must lie within {low:g} to {high:g}")


def _is_list(values: object, kind: type) -> bool:
    return isinstance(values, list) and all(isinstance(value, kind) for value in values)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_skipped(image: object) -> bool:
    if not isinstance(image, list) or len(image) != 3:
        return False
    position, path, reason = image
    number = isinstance(position, int) and not isinstance(position, bool)
    small = number and 0 <= position < 2**62
    return small and (path is None or isinstance(path, str)) and isinstance(reason, str)

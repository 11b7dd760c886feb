"""Saving and loading an `Analysis`, without pickle.

The file is a zip archive of NumPy arrays (readable by `numpy.load`) and ``meta.json``, which
holds the format's version, the settings, the class names and a SHA-256 digest of each array. An
array whose digest differs is never used, nor is a file that holds what no analysis has. Beside
the results it holds how 32 images of each split look, by which `load_analysis` knows the dataset.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from imbxai_widgets.analysis._archive import StorageError, read_archive, write_archive
from imbxai_widgets.analysis._data import AnalysisData
from imbxai_widgets.analysis._schema import (
    LOOKS_ARRAYS,
    OPTIONAL_ARRAYS,
    SPLIT_ARRAYS,
    check_saved,
    upgraded,
)
from imbxai_widgets.analysis.given_images import images_given
from imbxai_widgets.analysis.split import Split
from imbxai_widgets.compute.colors.schemes import color_scheme
from imbxai_widgets.compute.numeric.head import Head
from imbxai_widgets.compute.numeric.probabilities import TopProbabilities
from imbxai_widgets.compute.reading.class_names import distinct_names
from imbxai_widgets.compute.reading.display import DisplayTransform
from imbxai_widgets.compute.reading.labeled_images import Skipped
from imbxai_widgets.compute.reading.sample_keys import SampleKeys
from imbxai_widgets.datasets.same_images import Looks

__all__ = ["VERSION", "StorageError", "load_analysis", "save_analysis"]

VERSION = 6
# 5 has no map; 4 also no head, no embeddings of validation images, no colors of images
_READ = (4, 5, VERSION)
_FORMAT = "imbxai_widgets analysis"
_SPLIT_SETTINGS = ("neighbor_method", "neighbor_recall")


def save_analysis(analysis: AnalysisData, path: str | os.PathLike[str]) -> Path:
    """Save an analysis to a file; a file already there is replaced only by a whole new one.

    Images are not saved: give the datasets to `load_analysis` to see them again. To know them
    then, 32 images of each split are read, if the analysis has images, and the mean colors of
    8 x 8 parts of each are kept.

    Parameters
    ----------
    analysis : AnalysisData
    path : str or path-like
        Where to write; customarily ``*.imbxai``.

    Returns
    -------
    Path
        The absolute path of the file.

    Raises
    ------
    OSError
        If the file cannot be written; what was there is left as it is.
    """
    meta = {
        "format": _FORMAT,
        "version": VERSION,
        "class_names": list(analysis.class_names),
        "color_scheme": analysis.color_scheme.name,
        "top_k": analysis.top_k,
        "salient_fraction": analysis.salient_fraction,
        "projection": analysis.projection,
        "head": None if analysis.head is None else _head_settings(analysis.head),
        "neighbors": {
            name: {field: getattr(split, field) for field in _SPLIT_SETTINGS}
            for name, split in _splits(analysis)
        },
        "skipped": {name: split.skipped for name, split in _splits(analysis)},
    }
    if analysis.edited_from is not None:
        meta["edited_from"] = analysis.edited_from
    target = Path(path)
    write_archive(target, meta, _arrays(analysis))
    return target.resolve()


def load_analysis(
    path: str | os.PathLike[str],
    *,
    dataset: Any = None,
    validation: Any = None,
    transform: Callable[[Any], Any] | None = None,
    keys: SampleKeys | None = None,
    display_transform: DisplayTransform | None = None,
) -> AnalysisData:
    """Load an analysis that `save_analysis` wrote.

    Parameters
    ----------
    path : str or path-like
    dataset, validation : Dataset, optional
        The datasets that were analyzed, to show their images; all else works without. Their
        labels are compared with those analyzed, all where a dataset tells them without its
        images, and 32 images with how they looked.
    transform, keys, display_transform : optional
        How to read and show these images, as for `analyze`. Without `transform` the pictures of
        the datasets are shown as they are.

    Returns
    -------
    AnalysisData
        Equal to what was saved, bit by bit; `Analysis.load` wraps it. A file of format 5 has no
        map. One of format 4 has no head either, embeddings of training images alone, and colors of
        classes alone; what needs more says so.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    StorageError
        If it is no saved analysis, is damaged, holds what no analysis has or was written by
        another version.
    ValueError
        If a dataset is not the one analyzed: it has another number of images, other labels, or
        images that look otherwise.
    """
    meta, arrays = read_archive(Path(path), _FORMAT, _READ)
    try:
        upgraded(meta, arrays)
        check_saved(meta, arrays)
    except Exception as error:  # settings of any kind, which only a crafted file has
        raise StorageError(
            f"{path} holds what no analysis has ({error}); save the analysis again"
        ) from error
    restore = partial(
        _split,
        meta,
        arrays,
        _head(meta, arrays),
        transform=transform,
        keys=keys,
        display_transform=display_transform,
    )
    unseen = None
    if "validation_labels" in arrays:
        unseen = restore("validation", validation)
    elif validation is not None:
        raise ValueError("validation was given, but the saved analysis has no validation images")
    return AnalysisData(
        class_names=distinct_names(meta["class_names"]),
        train=restore("train", dataset),
        validation=unseen,
        color_counts=arrays.get("color_counts"),
        color_scheme=color_scheme(meta["color_scheme"]),
        top_k=meta["top_k"],
        salient_fraction=meta["salient_fraction"],
        edited_from=meta.get("edited_from"),
        projection=meta["projection"],
    )


def _arrays(analysis: AnalysisData) -> dict[str, Any]:
    arrays: dict[str, Any] = {}
    if analysis.color_counts is not None:
        arrays["color_counts"] = analysis.color_counts
    if analysis.head is not None:
        arrays["head_weight"] = analysis.head.weight
        if analysis.head.bias is not None:
            arrays["head_bias"] = analysis.head.bias
    for prefix, split in _splits(analysis):
        arrays |= {f"{prefix}_{name}": array for name, array in _split_arrays(split).items()}
    return arrays


def _split_arrays(split: Split) -> dict[str, Any]:
    tops = {f"top_{name}": array for name, array in split.top._asdict().items()}
    arrays = {name: tops[name] if name in tops else getattr(split, name) for name in SPLIT_ARRAYS}
    for name in OPTIONAL_ARRAYS:
        if getattr(split, name) is not None:
            arrays[name] = getattr(split, name)
    looks = split.looks if split.images is None else Looks.of(split.images)
    known = {} if looks is None else {f"looks_{name}": a for name, a in looks._asdict().items()}
    return arrays | {name: array for name, array in known.items() if array is not None}


def _head_settings(head: Head) -> dict[str, Any]:
    return {"scale": head.scale, "normalized": head.normalized}


def _head(meta: dict[str, Any], arrays: dict[str, Any]) -> Head | None:
    if "head_weight" not in arrays:
        return None
    return Head(arrays["head_weight"], arrays.get("head_bias"), **meta["head"])


def _splits(analysis: AnalysisData) -> Iterator[tuple[str, Split]]:
    yield "train", analysis.train
    if analysis.validation is not None:
        yield "validation", analysis.validation


def _split(
    meta: dict[str, Any],
    arrays: dict[str, Any],
    head: Head | None,
    prefix: str,
    dataset: Any,
    *,
    transform: Callable[[Any], Any] | None,
    keys: SampleKeys | None,
    display_transform: DisplayTransform | None,
) -> Split:
    own: dict[str, Any] = {
        name: arrays.get(f"{prefix}_{name}")
        for name in (*SPLIT_ARRAYS, *OPTIONAL_ARRAYS, *LOOKS_ARRAYS)
    }
    top = TopProbabilities(*(own.pop(f"top_{name}") for name in TopProbabilities._fields))
    looks = Looks(*(own.pop(f"looks_{name}") for name in Looks._fields))
    split = Split(
        **own,
        top=top,
        head=head,
        skipped=tuple(Skipped(*image) for image in meta["skipped"][prefix]),
        looks=None if looks.rows is None else looks,
        **meta["neighbors"][prefix],
    )
    if dataset is None:
        return split
    images = images_given(
        split,
        dataset,
        "dataset" if prefix == "train" else prefix,
        class_names=meta["class_names"],
        transform=transform,
        keys=keys,
        display_transform=display_transform,
    )
    return replace(split, images=images)

"""Saving and loading an `Analysis`, without pickle.

The file is a zip archive of NumPy arrays (readable by `numpy.load`) and ``meta.json``, which
holds the format's version, the settings, the class names and a SHA-256 digest of each array. An
array whose digest differs is never used.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from imbxai_widgets.analysis._data import AnalysisData
from imbxai_widgets.analysis.split import Split
from imbxai_widgets.compute.colors.schemes import color_scheme
from imbxai_widgets.compute.numeric.probabilities import TopProbabilities
from imbxai_widgets.compute.reading.display import DisplayTransform, ImageSource
from imbxai_widgets.compute.reading.labeled_images import LabeledImages, Skipped
from imbxai_widgets.compute.reading.sample_keys import SampleKeys
from imbxai_widgets.files import replacing

VERSION = 3
_FORMAT = "imbxai_widgets analysis"
_SPLIT_SETTINGS = ("neighbor_method", "neighbor_recall")
_SPLIT_ARRAYS = ("labels", "neighbors", "neighbor_distances", "archetypes", "positions")


class StorageError(ValueError):
    """A file is no saved analysis, is damaged, or comes from a newer version."""


def save_analysis(analysis: AnalysisData, path: str | os.PathLike[str]) -> Path:
    """Save an analysis to a file; a file already there is replaced only by a whole new one.

    Images are not saved: give the datasets to `load_analysis` to see them again.

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
    arrays = _arrays(analysis)
    members = {f"{name}.npy": _encoded(array) for name, array in arrays.items()}
    meta = {
        "format": _FORMAT,
        "version": VERSION,
        "class_names": list(analysis.class_names),
        "color_scheme": analysis.color_scheme.name,
        "top_k": analysis.top_k,
        "salient_fraction": analysis.salient_fraction,
        "neighbors": {
            name: {field: getattr(split, field) for field in _SPLIT_SETTINGS}
            for name, split in _splits(analysis)
        },
        "skipped": {name: split.skipped for name, split in _splits(analysis)},
        "sha256": {name: hashlib.sha256(data).hexdigest() for name, data in members.items()},
    }
    target = Path(path)
    with replacing(target) as file, zipfile.ZipFile(file, "w") as archive:
        archive.writestr("meta.json", json.dumps(meta, ensure_ascii=False, indent=1))
        for name, data in members.items():
            archive.writestr(name, data)
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
        The datasets that were analyzed, to show their images; all else works without.
    transform, keys, display_transform : optional
        How to read and show these images, as for `analyze`. Without `transform` the pictures of
        the datasets are shown as they are.

    Returns
    -------
    AnalysisData
        Equal to what was saved, bit by bit; `Analysis.load` wraps it.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    StorageError
        If it is no saved analysis, is damaged or was written by a newer version.
    ValueError
        If a dataset has another number of images than were analyzed.
    """
    meta, arrays = _read(Path(path))
    restore = partial(
        _split, meta, arrays, transform=transform, keys=keys, display_transform=display_transform
    )
    unseen = None
    if "validation_labels" in arrays:
        unseen = restore("validation", validation)
    elif validation is not None:
        raise ValueError("validation was given, but the saved analysis has no validation images")
    return AnalysisData(
        class_names=tuple(meta["class_names"]),
        embeddings=arrays["embeddings"],
        train=restore("train", dataset),
        validation=unseen,
        color_counts=arrays.get("color_counts"),
        color_scheme=color_scheme(meta["color_scheme"]),
        top_k=meta["top_k"],
        salient_fraction=meta["salient_fraction"],
    )


def _arrays(analysis: AnalysisData) -> dict[str, Any]:
    arrays: dict[str, Any] = {"embeddings": analysis.embeddings}
    if analysis.color_counts is not None:
        arrays["color_counts"] = analysis.color_counts
    for prefix, split in _splits(analysis):
        arrays |= {f"{prefix}_{name}": getattr(split, name) for name in _SPLIT_ARRAYS}
        arrays |= {f"{prefix}_top_{name}": array for name, array in split.top._asdict().items()}
    return arrays


def _splits(analysis: AnalysisData) -> Iterator[tuple[str, Split]]:
    yield "train", analysis.train
    if analysis.validation is not None:
        yield "validation", analysis.validation


def _split(
    meta: dict[str, Any],
    arrays: dict[str, Any],
    prefix: str,
    dataset: Any,
    *,
    transform: Callable[[Any], Any] | None,
    keys: SampleKeys | None,
    display_transform: DisplayTransform | None,
) -> Split:
    top = TopProbabilities(
        **{name: arrays[f"{prefix}_top_{name}"] for name in TopProbabilities._fields}
    )
    split = Split(
        **{name: arrays[f"{prefix}_{name}"] for name in _SPLIT_ARRAYS},
        top=top,
        skipped=tuple(Skipped(*image) for image in meta["skipped"][prefix]),
        **meta["neighbors"][prefix],
    )
    if dataset is None:
        return split
    expected = len(split) + len(split.skipped)
    if len(dataset) != expected:
        argument = "dataset" if prefix == "train" else prefix
        raise ValueError(
            f"{argument} has {len(dataset)} images, but {expected} were analyzed; give the "
            "dataset that was analyzed, or none"
        )
    if transform is not None or keys is not None:
        names = meta["class_names"]
        dataset = LabeledImages(dataset, transform=transform, class_names=names, keys=keys)
    return replace(split, images=ImageSource.of_rows(dataset, split.positions, display_transform))


def _encoded(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        with zipfile.ZipFile(path) as archive:
            meta = json.loads(archive.read("meta.json"))
            _check_version(path, meta)
            members = {name: archive.read(name) for name in meta["sha256"]}
    except (FileNotFoundError, IsADirectoryError, PermissionError, StorageError):
        raise
    except Exception as error:  # a damaged archive can fail in any of zipfile's and json's ways
        raise StorageError(
            f"{path} is no saved analysis, or is damaged ({error}); save the analysis again"
        ) from error
    for name, data in members.items():
        if hashlib.sha256(data).hexdigest() != meta["sha256"][name]:
            raise StorageError(f"{path} is damaged: {name} has changed; save the analysis again")
    return meta, {
        name.removesuffix(".npy"): _decoded(path, name, members[name]) for name in members
    }


def _decoded(path: Path, name: str, data: bytes) -> Any:
    try:
        return np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    except ValueError as error:
        raise StorageError(f"{path}: {name} holds no plain array ({error})") from error


def _check_version(path: Path, meta: Any) -> None:
    if not isinstance(meta, dict) or meta.get("format") != _FORMAT:
        raise StorageError(f"{path} is no saved analysis")
    if meta["version"] != VERSION:
        newer = meta["version"] > VERSION
        raise StorageError(
            f"{path} was written by {'a newer' if newer else 'an older'} version of imbxai_widgets "
            f"(format {meta['version']}, this one reads {VERSION}); "
            f"{'upgrade imbxai_widgets' if newer else 'analyze and save again'}"
        )

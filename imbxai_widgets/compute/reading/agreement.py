"""Holds together all that is told of class names: by datasets, `class_names` and the model."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import combinations
from typing import Any

from imbxai_widgets.compute.reading.class_names import LIKE_DATASET, check_same_labels
from imbxai_widgets.compute.reading.hugging_face import logit_names
from imbxai_widgets.compute.reading.labeled_images import LabeledImages
from imbxai_widgets.compute.reading.naming import (
    Naming,
    namings,
    renamed,
    renumbered,
    stray_folders,
    told_clash,
)
from imbxai_widgets.compute.reading.told_names import told_names

_ALIKE = f"Change the labels of validation to those of dataset, {LIKE_DATASET}"
_LISTED = 3  # classes that a warning lists
_IN_ORDER = (
    "The labels are the dataset's, so names must be in its order, and the model's logits too. If "
    "the logits are in the other order, have the labels follow it, for instance by "
    "dataset.target_transform = lambda label: names.index(dataset.classes[label]), with the names "
    "in the order of the logits; of a Hugging Face dataset, by its method "
    "align_labels_with_mapping"
)


def hold_names_together(
    model: Any,
    dataset: LabeledImages,
    validation: LabeledImages | None,
    class_names: Sequence[str] | None,
) -> None:
    """Refuse names that go with other labels in one place than in another.

    The datasets are compared with one another, whether or not `class_names` are given, and with
    what these and the model's configuration (`id2label` of transformers) tell. Sources that have
    no name in common cannot be compared.

    Parameters
    ----------
    model
        The network.
    dataset, validation
        The training images, and the validation images, if there are any. Where `class_names`
        number the labels of a dataset that are names, the dataset's own order is of no account;
        so what contradicts `class_names` is refused only when a label is read that is a number.
        Both take the number of names that the training images have.
    class_names
        As for `imbxai_widgets.analyze`.

    Raises
    ------
    ValueError
        If one name has several labels; without `class_names`, also if one label has several
        names. With them, on reading an image.

    Warns
    -----
    UserWarning
        If the datasets differ in names that `class_names` replace, or a class is called like a
        folder that programs make.

    Examples
    --------
    >>> import torch
    >>> images = LabeledImages([(torch.ones(1, 2, 2), 0)])
    >>> hold_names_together(torch.nn.Identity(), images, None, ["cat", "dog"])
    """
    told = [] if class_names is None else [_told("class_names", told_names(class_names))]
    if class_names is None and validation is not None:
        check_same_labels(dataset, validation)
    here = namings(dataset, strict=False)
    there = [] if validation is None else namings(validation, strict=False)
    named = logit_names(model)
    if len(named) in {len(source.pairs) for source in told + here + there}:
        source = Naming("the model's config.id2label", tuple((n, i) for i, n in named.items()))
        _refuse(_clash_with([source], told, _IN_ORDER))
        told.append(source)
    clash = _clash_within(here) or _clash_with(told, _called(here, "dataset"), _IN_ORDER)
    clashes = [(dataset, clash)]
    if validation is not None:
        validation.n_names = dataset.n_names
        clash = (
            _clash_within(there)
            or _clash_with(_called(there, "validation"), _called(here, "dataset"), _ALIKE)
            or _clash_with(told, _called(there, "validation"), _IN_ORDER)
        )
        clashes.append((validation, clash))
    for images, clash in clashes:
        if class_names is None:
            _refuse(clash)
        images.clash = clash
        _warn_of_stray_folders(images)
    if not any(clash for _, clash in clashes):
        _warn_of_other_names(here, there)


def _told(source: str, names: Sequence[str]) -> Naming:
    return Naming(source, tuple((name, label) for label, name in enumerate(names)))


def _called(sources: list[Naming], source: str) -> list[Naming]:
    return [Naming(f"{source} ({naming.source})", naming.pairs) for naming in sources]


def _clash_with(one: list[Naming], other: list[Naming], mend: str) -> str | None:
    for here in one:
        for there in other:
            clash = renumbered(here, there)
            if clash is not None:
                return f"{told_clash(here.source, there.source, clash)}. {mend}"
    return None


def _clash_within(sources: list[Naming]) -> str | None:
    for one, other in combinations(sources, 2):
        clash = renumbered(one, other)
        if clash is not None:
            what = told_clash("one of the concatenated datasets", "another", clash)
            return f"{what}. Number the classes of all alike, for instance by target_transform"
    return None


def _refuse(clash: str | None) -> None:
    if clash is not None:
        raise ValueError(clash)


def _warn_of_stray_folders(images: LabeledImages) -> None:
    stray = stray_folders(images)
    if stray is not None:
        warnings.warn(stray, stacklevel=4)


def _warn_of_other_names(here: list[Naming], there: list[Naming]) -> None:
    others = [other for one in here for two in there for other in renamed(one, two)]
    if others:
        listed = "; ".join(
            f"label {label} is {name!r} and {other!r}" for label, name, other in others[:_LISTED]
        )
        more = f" and {len(others) - _LISTED} more" if len(others) > _LISTED else ""
        warnings.warn(
            f"dataset and validation call classes of one label by different names ({listed}{more}) "
            "and are taken for the same, which class_names calls them. Where a class is missing in "
            "one of them, all later ones have other labels there: look at a few images of each",
            stacklevel=4,
        )

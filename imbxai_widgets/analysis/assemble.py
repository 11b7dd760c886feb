"""From what is known of the images to the data of an analysis: neighbors, archetypes, totals."""

from __future__ import annotations

import warnings

import numpy as np
import torch

from imbxai_widgets.analysis._data import AnalysisData
from imbxai_widgets.analysis._neighbors import neighbors_among, neighbors_in
from imbxai_widgets.analysis.split import Split
from imbxai_widgets.compute.colors.schemes import ColorScheme
from imbxai_widgets.compute.embedding.embedded import Embedded
from imbxai_widgets.compute.methods.archetypes import assign_archetypes
from imbxai_widgets.compute.methods.permutation import warn_of_permutation
from imbxai_widgets.compute.neighbors.search import Neighbors
from imbxai_widgets.compute.numeric.checks import check_enough
from imbxai_widgets.compute.numeric.counts import narrowed
from imbxai_widgets.compute.numeric.head import Head
from imbxai_widgets.compute.numeric.types import IntArray
from imbxai_widgets.compute.reading.display import ImageSource


def assemble(
    train: Embedded,
    validation: Embedded | None,
    *,
    class_names: tuple[str, ...],
    images: ImageSource | None,
    validation_images: ImageSource | None,
    k: int,
    top_k: int,
    scheme: ColorScheme,
    salient_fraction: float | None,
    device: str | torch.device | None = None,
) -> AnalysisData:
    """Find the neighbors of all images among the training images, and put the data together.

    Parameters
    ----------
    train, validation
        What is known of the images of either split.
    class_names
        C names.
    images, validation_images
        Read the images of either split for display, row by row.
    k, top_k, salient_fraction
        As for `imbxai_widgets.analyze`.
    scheme
        The color scheme of the color counts.
    device
        Where neighbors are searched; see `nearest_neighbors`.

    Raises
    ------
    ValueError
        If there are not more than `k` training images.

    Warns
    -----
    UserWarning
        If the head gave the logits of the first batch, but not of all images; it is left out then.
        If labels and predictions seem to number the classes in different orders, or for many
        images more are equally near than can be neighbors; see `neighbors_among`.
    """
    check_enough(len(train.labels), k)
    head = _checked_head(train, validation)
    for part, which in ((train, "training"), (validation, "validation")):
        if part is not None:
            warn_of_permutation(part.labels, part.top, class_names, which)
    neighbors = neighbors_among(train.embeddings, k, device)
    held_out = None
    if validation is not None:
        references = neighbors_in(validation.embeddings, train.embeddings, k, device)
        held_out = _split(validation, references, train.labels, validation_images, head)
    return AnalysisData(
        class_names=class_names,
        train=_split(train, neighbors, train.labels, images, head),
        validation=held_out,
        color_counts=_class_colors(train),
        color_scheme=scheme,
        top_k=min(top_k, train.embeddings.shape[1]),
        salient_fraction=salient_fraction,
    )


def _split(
    embedded: Embedded,
    neighbors: Neighbors,
    training_labels: IntArray,
    images: ImageSource | None,
    head: Head | None,
) -> Split:
    return Split(
        labels=embedded.labels,
        top=embedded.top,
        neighbors=neighbors.indices,
        neighbor_distances=neighbors.distances,
        archetypes=assign_archetypes(embedded.labels, training_labels[neighbors.indices]),
        positions=embedded.positions,
        skipped=embedded.skipped,
        images=images,
        embeddings=embedded.embeddings,
        head=head,
        color_counts=None if embedded.color_counts is None else narrowed(embedded.color_counts),
        pixel_counts=None if embedded.pixel_counts is None else narrowed(embedded.pixel_counts),
        neighbor_method=neighbors.method,
        neighbor_recall=neighbors.recall,
    )


def _checked_head(train: Embedded, validation: Embedded | None) -> Head | None:
    """Return the head that the training images' pass found, if it gives the logits of all."""
    if train.head is None:
        return None
    for part, which in ((train, "training"), (validation, "validation")):
        row = None if part is None else train.head.misfit(part.embeddings, part.top)
        if part is not None and row is not None:
            warnings.warn(
                f"the network's head is linear for the first batch, but not for {which} image "
                f"{part.positions[row]}, so that the analysis has no head",
                stacklevel=4,
            )
            return None
    return train.head.head


def _class_colors(embedded: Embedded) -> IntArray | None:
    if embedded.color_counts is None:
        return None
    totals = np.zeros((embedded.n_classes, embedded.color_counts.shape[1]), dtype=np.int64)
    np.add.at(totals, embedded.labels, embedded.color_counts)
    return totals

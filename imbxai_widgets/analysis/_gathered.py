"""From an analysis to the evidence of its classes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np
from torch import nn
from torch.utils.data import Dataset

from imbxai_widgets.analysis._calibration import CalibrationTables, logits_if_known
from imbxai_widgets.analysis._evidence import (
    AGAINST_OTHERS,
    ClassEvidence,
    Gatherer,
    Images,
)
from imbxai_widgets.analysis._looks import small_images
from imbxai_widgets.analysis._probe import probed
from imbxai_widgets.compute.diagnosis.regions import RegionEffect, spread_rows
from imbxai_widgets.compute.diagnosis.repeats import NEAR, usual_distance
from imbxai_widgets.compute.embedding.network import KnownImages, Network
from imbxai_widgets.compute.neighbors.search import nearest_references
from imbxai_widgets.compute.reading.display import ImageSource
from imbxai_widgets.compute.reading.splits import SplitName

MOST: Final = 20_000  # images of a split that the evidence is taken of
FEWEST: Final = 40  # validation images of a class, below which nothing is told of it
_PROBED: Final = 4  # validation images, so that either half has two


class Given:
    """What was given to `Analysis.diagnose` beside the analysis.

    Attributes
    ----------
    network : Network or None
    sources : dict of split to ImageSource or None
        Where the images are read from for their looks; None for those of the analysis.
    why : str
        Why there is no network.
    """

    def __init__(
        self,
        analysis: CalibrationTables,
        model: nn.Module | None,
        dataset: Dataset[Any] | None,
        validation: Dataset[Any] | None,
    ) -> None:
        self.sources: dict[SplitName, ImageSource | None] = {}
        datasets: dict[SplitName, Dataset[Any] | None] = {}
        given: dict[SplitName, Dataset[Any] | None] = {
            "training": dataset,
            "validation": validation,
        }
        for name, own in given.items():
            split = analysis.split(name)
            self.sources[name] = None
            datasets[name] = None if split.images is None else split.images.dataset
            if own is not None:
                source = ImageSource.of_rows(own, split.positions)
                datasets[name] = source.dataset
                if split.images is None:
                    self.sources[name] = source
        self.network: Network | None = None
        self.why = "the model is not at hand: give model"
        if model is None:
            return
        known: dict[str, KnownImages] = {
            name: KnownImages(found, split.labels, split.top)
            for name, found in datasets.items()
            if found is not None and len(split := analysis.split(name))
        }
        self.why = "the images are not at hand: give dataset and validation"
        if len(known) == len(given):
            network = Network(model, known)
            try:
                network.check()
            except Exception as error:
                self.why = str(error)
            else:
                self.network = network


class Gathered(NamedTuple):
    """The evidence of all classes.

    Attributes
    ----------
    classes : tuple
        The evidence of each class; None of one without validation images.
    looks_why, network_why : str
        Why pixels and network are not known; empty where they are.
    has_logits : bool
    suspects : int
        Training images whose label is doubted.
    sampled : bool
        Whether there were too many images to take all.
    """

    classes: tuple[ClassEvidence | None, ...]
    looks_why: str
    network_why: str
    has_logits: bool
    suspects: int
    sampled: bool

    @classmethod
    def of(cls, analysis: CalibrationTables, given: Given, seed: int) -> Gathered:
        """Take the evidence of an analysis that has embeddings of validation images."""
        training, validation = (_images(analysis, given, name, seed) for name in given.sources)
        validation = _looking_alike(validation, training)
        assert analysis.validation is not None
        logits = logits_if_known(analysis.validation, analysis.n_classes)
        gatherer = Gatherer(
            training,
            validation,
            None if logits is None else logits[validation.rows],
            analysis.n_classes,
            seed,
        )
        there = np.bincount(validation.labels, minlength=analysis.n_classes) > 0
        plain = [gatherer.of_class(label) if there[label] else None for label in range(len(there))]
        gaps = _gaps(analysis)
        return cls(
            tuple(
                one
                and replace(
                    one,
                    overconfidence=gaps[one.index],
                    medians=(others := _Others.of(plain, one.index)).medians,
                    spreads=others.spreads,
                    region=_region(given.network, one, seed),
                )
                for one in plain
            ),
            training.looks.why or validation.looks.why,
            given.why if given.network is None else "",
            logits is not None,
            int((gatherer.doubted >= 0).sum()),
            len(training.rows) < len(analysis.train)
            or len(validation.rows) < len(analysis.validation),
        )


def _images(analysis: CalibrationTables, given: Given, name: SplitName, seed: int) -> Images:
    split = analysis.split(name)
    assert split.embeddings is not None
    rows = np.arange(len(split))
    if len(split) > MOST:
        rng = np.random.default_rng((seed, 8))
        each = max(FEWEST, MOST // analysis.n_classes)
        members = [np.flatnonzero(split.labels == label) for label in range(analysis.n_classes)]
        rows = np.sort(np.concatenate([own[spread_rows(len(own), each, rng)] for own in members]))
    return Images(
        rows,
        split.labels[rows],
        split.predictions[rows],
        split.embeddings[rows],
        small_images(split, given.sources[name], rows),
        analysis.copies.having(name, len(split), "leak")[rows],
    )


def _looking_alike(validation: Images, training: Images) -> Images:
    """Return validation images of which those count as copied that look so, too.

    A network may give the same features for images that are not the same.
    """
    looks, references = validation.looks.flat, training.looks.flat
    rows = np.flatnonzero(validation.copied)
    if looks is None or references is None or looks.shape[1] != references.shape[1]:
        return validation
    copied = np.zeros_like(validation.copied)
    if len(rows):
        nearest = nearest_references(looks[rows], references, 1, device="cpu").distances[:, 0]
        copied[rows] = nearest <= NEAR * usual_distance(looks)
    return validation._replace(copied=copied)


class _Others(NamedTuple):
    """Medians, and medians of the distances from them, of what is held to the other classes."""

    medians: dict[str, float]
    spreads: dict[str, float]

    @classmethod
    def of(cls, found: list[ClassEvidence | None], index: int) -> _Others:
        others = [one for one in found if one is not None and one.index != index]
        medians, spreads = {}, {}
        for name, number in AGAINST_OTHERS.items():
            values = np.array([number(one) for one in others])
            known = values[~np.isnan(values)]
            medians[name] = float(np.median(known)) if len(known) else np.nan
            away = np.abs(known - medians[name])
            spreads[name] = float(np.median(away)) if len(known) else np.nan
        return cls(medians, spreads)


def _gaps(analysis: CalibrationTables) -> list[tuple[float, float, float]]:
    """Return how far confidences of each class exceed its accuracy; NaN where not known."""
    assert analysis.validation is not None
    if np.isnan(analysis.validation.confidences).any():
        return [(np.nan, np.nan, np.nan)] * analysis.n_classes
    table = analysis.calibration("class")[["gap", "gap_low", "gap_high"]]
    return [(row[0], row[1], row[2]) for row in table.to_numpy().tolist()]


def _region(network: Network | None, one: ClassEvidence, seed: int) -> RegionEffect | None:
    if network is None or not one.train_images or one.images < _PROBED:
        return None
    return probed(network, one.index, one.rows_training, one.rows_validation, seed)

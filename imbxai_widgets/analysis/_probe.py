"""Runs the network on images of a class in which regions were exchanged."""

from __future__ import annotations

from typing import Final

import numpy as np

from imbxai_widgets.compute.diagnosis.regions import RegionEffect, region_effect, spread_rows
from imbxai_widgets.compute.embedding.network import Network
from imbxai_widgets.compute.numeric.types import IntArray

MOST: Final = 64  # images of a class and split that are run


def probed(
    network: Network, label: int, training: IntArray, validation: IntArray, seed: int
) -> RegionEffect:
    """Tell what regions of training images do to validation images of a class.

    Parameters
    ----------
    network
        With the images of both splits.
    label
        The class.
    training, validation
        Rows of its images, at least one and four.
    seed
        Of what is drawn.
    """
    rng = np.random.default_rng((seed, 9, label))
    parts = [
        network.read(split, rows[spread_rows(len(rows), MOST, rng)])
        for split, rows in (("training", training), ("validation", validation))
    ]
    with network.running("validation") as run:
        return region_effect(parts[0], parts[1], label, run, rng)

"""The authors' own neighbor table of long-tailed CIFAR-10."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from imbxai_widgets.compute.methods.adversaries import adversary_votes, error_matrix, row_shares
from imbxai_widgets.compute.methods.archetypes import archetype_counts, assign_archetypes

TABLE = Path(__file__).parents[1] / "data" / "cifar10_lt_neighbors.csv.gz"


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return pd.read_csv(TABLE)


def neighbor_labels(table: pd.DataFrame) -> np.ndarray:
    return table[[f"n{i}" for i in range(5)]].to_numpy()


def test_archetypes(table: pd.DataFrame) -> None:
    assert len(table) == 12_406
    archetypes = assign_archetypes(table["label"].to_numpy(), neighbor_labels(table))
    np.testing.assert_array_equal(archetypes, table["archetype"])


def test_archetype_counts(table: pd.DataFrame) -> None:
    archetypes = assign_archetypes(table["label"].to_numpy(), neighbor_labels(table))
    counts = archetype_counts(table["label"].to_numpy(), archetypes, 10)
    assert counts[0].tolist() == [4896, 73, 16, 15]
    assert counts[9].tolist() == [36, 7, 6, 1]
    assert counts.sum() == len(table)


def test_adversary_votes(table: pd.DataFrame) -> None:
    labels, predictions = table["label"].to_numpy(), table["prediction"].to_numpy()
    votes = adversary_votes(labels, predictions, neighbor_labels(table), 10)
    assert votes[0].tolist() == [0, 28, 109, 21, 15, 10, 11, 9, 17, 10]
    assert row_shares(votes)[0, 2] == 109 / 230
    # As the authors count: over the images of a true label that are predicted as another one.
    counted = np.zeros((10, 10), np.int64)
    for label, prediction, near in zip(labels, predictions, neighbor_labels(table), strict=True):
        for other in near:
            counted[label, other] += label != prediction and other != label
    np.testing.assert_array_equal(votes, counted)


def test_small_classes_rest_on_few_errors(table: pd.DataFrame) -> None:
    errors = error_matrix(table["label"].to_numpy(), table["prediction"].to_numpy(), 10)
    assert errors.sum(axis=1)[8:].tolist() == [1, 2]

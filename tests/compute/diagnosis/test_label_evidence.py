"""Doubted labels and repeated images, planted in drawn points."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import make_blobs

from imbxai_widgets.compute.diagnosis.label_evidence import doubted_labels
from imbxai_widgets.compute.diagnosis.repeats import repeats, usual_distance


def test_flipped_labels_are_doubted_and_their_class_is_told() -> None:
    points, labels = make_blobs([60, 60, 12], n_features=4, cluster_std=0.5, random_state=0)
    true = labels.copy()
    flipped = np.flatnonzero(labels == 0)[:8]
    labels[flipped] = 1
    rows = points.astype(np.float32)
    found = doubted_labels(rows, rows, labels, 3, np.random.default_rng(0))
    assert np.flatnonzero(found >= 0).tolist() == flipped.tolist()
    assert (found[flipped] == true[flipped]).all()


def test_a_small_class_is_not_doubted_for_being_small() -> None:
    points, labels = make_blobs([200, 4], centers=[[0, 0], [8, 0]], random_state=0)
    rows = points.astype(np.float32)
    found = doubted_labels(rows, rows, labels, 2, np.random.default_rng(0))
    assert (found == -1).all()


def test_judges_that_differ_doubt_nothing() -> None:
    points, labels = make_blobs([30, 30], centers=[[0, 0], [9, 0]], random_state=0)
    labels[np.flatnonzero(labels == 0)[:3]] = 1
    looks = (
        100.0 * labels[:, np.newaxis] + np.arange(60)[:, np.newaxis] / 60
    )  # agree with the label
    found = doubted_labels(
        points.astype(np.float32), looks.astype(np.float32), labels, 2, np.random.default_rng(0)
    )
    assert (found == -1).all()


def test_repeated_images_are_one() -> None:
    rng = np.random.default_rng(0)
    different = rng.normal(size=(10, 6)).astype(np.float32)
    found = repeats(np.repeat(different, 4, axis=0), 0.3 * usual_distance(different))
    assert found.different == 10
    assert found.rows.tolist() == list(range(40))
    assert repeats(different, 0.3 * usual_distance(different)).rows.size == 0
    assert np.isnan(usual_distance(different[:1]))

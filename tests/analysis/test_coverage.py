"""Coverage of validation images by training images, against measuring every pair."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_analysis import make_analysis

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.compute.methods.intervals import wilson_interval

SIZES = (40, 20, 8, 0, 5)


@pytest.mark.parametrize("seed", range(3))
def test_it_is_what_all_distances_say(seed: int) -> None:
    analysis = make_analysis(SIZES, seed=seed)
    held_out = analysis.validation
    assert held_out is not None
    assert held_out.embeddings is not None
    table = analysis.coverage()
    for index, name in enumerate(analysis.class_names):
        own = analysis.embeddings[analysis.labels == index].astype(np.float64)
        unseen = np.flatnonzero(held_out.labels == index)
        row = table.loc[name]
        assert (row["images"], row["validation_images"]) == (len(own), len(unseen))
        if len(own) <= analysis.k:
            assert row[["radius", "covered", "coverage", "low", "high", "expected"]].isna().all()
            with pytest.raises(ValueError, match="has no more than 5 training images"):
                analysis.find_images(name, "validation", covered=True)
            continue
        among = np.linalg.norm(own[:, np.newaxis] - own, axis=2)
        np.fill_diagonal(among, np.inf)
        radius = np.median(np.sort(among, axis=1)[:, analysis.k - 1])
        beside = np.linalg.norm(
            held_out.embeddings[unseen].astype(np.float64)[:, np.newaxis] - own, axis=2
        )
        covered = unseen[beside.min(axis=1) <= radius]
        assert row["radius"] == pytest.approx(radius, rel=1e-5)
        assert row["covered"] == len(covered)
        assert row["coverage"] == pytest.approx(len(covered) / len(unseen))
        assert (row["low"], row["high"]) == wilson_interval(len(covered), len(unseen))
        assert row["expected"] == pytest.approx((among.min(axis=1) <= radius).mean())
        found = analysis.find_images(name, "validation", covered=True)
        assert found.tolist() == covered.tolist()
        beyond = analysis.find_images(name, "validation", covered=False)
        assert len(beyond) == len(unseen) - len(covered)


def planted(shift: float, seed: int) -> Analysis:
    """Two classes of 60 images, two of them far off; validation images of the first are moved."""
    rng = np.random.default_rng(seed)
    labels = np.repeat([0, 1], 60)
    train = rng.normal(size=(120, 12)) + 20 * labels[:, np.newaxis]
    train[:2] += 30 * rng.normal(size=(2, 12))
    held_out = rng.normal(size=(120, 12)) + 20 * labels[:, np.newaxis]
    held_out[:60, 0] += shift
    return Analysis.from_arrays(train, labels, labels, validation=(held_out, labels, labels))


def test_images_like_those_of_training_are_covered_as_expected_and_others_are_not() -> None:
    beyond = []
    for seed in range(8):
        like, moved = planted(0, seed).coverage(), planted(8, seed).coverage()
        beyond.append((like["coverage"] - like["expected"]).mean())
        assert moved["coverage"].iloc[0] < 0.05  # though the far ones of training lie wide apart
        assert moved["coverage"].iloc[1] == like["coverage"].iloc[1]
    assert np.mean(beyond) == pytest.approx(0, abs=0.04)


def test_what_it_needs_it_asks_for() -> None:
    with pytest.raises(ValueError, match="give `validation=`"):
        make_analysis(validation=False).coverage()
    analysis = make_analysis(SIZES)
    assert analysis.validation is not None
    old = replace(analysis, validation=replace(analysis.validation, embeddings=None))
    with pytest.raises(ValueError, match="embeddings of validation images are not known"):
        old.coverage()
    with pytest.raises(ValueError, match="covered is told of validation images"):
        analysis.find_images(0, covered=True)

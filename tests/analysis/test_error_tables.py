"""What is known of errors before the label is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from small_analysis import make_analysis

from imbxai_widgets import Analysis
from imbxai_widgets.compute.reading.labeled_images import Skipped


def made(seed: int = 0, k: int = 5) -> Analysis:
    """Three blobs that overlap; predictions go by another direction than neighbors."""
    rng = np.random.default_rng(seed)
    sizes, centers = (300, 100, 40), np.array([[0, 0], [2, 0], [0, 2.0]])

    def images(times: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        labels = np.repeat(np.arange(3), [int(size * times) for size in sizes])
        points = centers[labels] + rng.normal(size=(len(labels), 2))
        logits = points @ centers.T - (centers**2).sum(axis=1) / 2 + 2 * rng.normal(size=(1, 3))
        return points, labels, logits

    points, labels, logits = images(1)
    return Analysis.from_arrays(points, labels, logits, validation=images(1.5), k=k)


def test_agreement_counts_neighbors_of_the_predicted_class() -> None:
    analysis = made()
    table = analysis.errors_by_agreement()
    assert table.index.tolist() == ["4-5 of 5", "2-3 of 5", "1 of 5", "0 of 5"]
    for name, split in (("training", analysis.train), ("validation", analysis.validation)):
        assert split is not None
        near = analysis.labels[split.neighbors] == split.predictions[:, np.newaxis]
        same = near.sum(axis=1)
        for numbers, (_, row) in zip(((4, 5), (2, 3), (1,), (0,)), table.iterrows(), strict=True):
            own = np.isin(same, numbers)
            assert row[f"{name}_images"] == own.sum()
            if own.any():
                assert row[f"{name}_error_rate"] == pytest.approx((~split.correct[own]).mean())


def test_agreement_knows_no_label_of_the_image() -> None:
    """Other labels of the validation images change how many are wrong, not how they agree."""
    analysis = made()
    split = analysis.validation
    assert split is not None
    shuffled = replace(split, labels=np.random.default_rng(0).permutation(split.labels))
    other = replace(analysis, validation=shuffled).errors_by_agreement()
    column = analysis.errors_by_agreement()["validation_images"]
    assert other["validation_images"].equals(column)


def test_without_validation_agreement_is_of_training_images() -> None:
    table = replace(made(), validation=None).errors_by_agreement()
    assert list(table) == ["training_images", "training_error_rate"]


def test_with_few_neighbors_there_are_fewer_ranges() -> None:
    assert made(k=1).errors_by_agreement().index.tolist() == ["1 of 1", "0 of 1"]


def test_the_probability_ranks_and_is_calibrated_better_than_confidence() -> None:
    ranks, misses = [], []
    for seed in range(3):
        analysis = made(seed)
        split = analysis.validation
        assert split is not None
        told, wrong = analysis.error_probability(), ~split.correct
        assert told.between(0, 1).all()
        assert told.mean() == pytest.approx(wrong.mean(), abs=0.03)
        plain = 1 - split.confidences
        ranks.append((roc_auc_score(wrong, told), roc_auc_score(wrong, plain)))
        misses.append((((told - wrong) ** 2).mean(), ((plain - wrong) ** 2).mean()))
    better, plain = np.mean(ranks, axis=0)
    assert better > plain + 0.03
    assert np.mean(misses, axis=0)[0] < np.mean(misses, axis=0)[1]


def test_the_index_is_the_number_of_the_image() -> None:
    analysis = made()
    split = analysis.validation
    assert split is not None
    skipped = (Skipped(0, None, "cannot be read"),)
    moved = replace(
        analysis, validation=replace(split, positions=split.positions + 1, skipped=skipped)
    )
    assert moved.error_probability().index.tolist() == list(range(1, len(split) + 1))
    groups = np.append(-1, np.arange(len(split)) // 2)
    apart = moved.error_probability(groups=groups)
    assert not np.array_equal(apart, moved.error_probability())
    with pytest.raises(ValueError, match="one entry an image"):
        moved.error_probability(groups=groups[1:])


def test_the_label_of_an_image_does_not_enter_its_own_probability() -> None:
    analysis = made()
    split = analysis.validation
    assert split is not None
    labels = split.labels.copy()
    labels[11] = (labels[11] + 1) % 3
    other = replace(analysis, validation=replace(split, labels=labels)).error_probability()
    told = analysis.error_probability()
    assert other.iloc[11] == told.iloc[11]
    assert (other != told).sum() > 100


def test_predictions_alone_are_enough() -> None:
    analysis = made()
    split = analysis.validation
    assert split is not None
    plain = Analysis.from_arrays(
        analysis.embeddings,
        analysis.labels,
        analysis.predictions,
        validation=(split.embeddings, split.labels, split.predictions),
    )
    told, wrong = plain.error_probability(), ~split.correct
    assert roc_auc_score(wrong, told) > 0.6


def test_what_is_missing_is_said() -> None:
    with pytest.raises(ValueError, match="give `validation=`"):
        make_analysis(validation=False).error_probability()
    with pytest.raises(ValueError, match="at least 10 wrong and 10 right"):
        make_analysis(errors=0.0).error_probability()


def test_classes_too_small_to_be_safe_are_marked() -> None:
    """However far from all others: an image is no neighbor of its own."""
    sizes = (30, 5, 4, 3, 2, 1)
    labels = np.repeat(np.arange(6), sizes)
    rng = np.random.default_rng(0)
    points = 100 * labels[:, np.newaxis] + rng.random((len(labels), 1))
    analysis = Analysis.from_arrays(points, labels, labels, class_names=list("abcdefg"))
    table = analysis.classes()
    best = ["safe", "safe", "border", "border", "rare", "outlier"]
    assert table["best_archetype"].tolist()[:-1] == best
    assert table["best_archetype"].isna().tolist() == [False] * 6 + [True]
    archetypes = analysis.image_table().groupby("label")["archetype"].unique()
    for name, archetype in zip("abcdef", best, strict=True):
        assert archetypes[name].tolist() == [archetype]
    possible = analysis.archetype_rates()["possible"].unstack("archetype")
    assert possible.loc["a"].all()
    assert possible.loc["d", ["safe", "border", "rare", "outlier"]].tolist() == [False] + [True] * 3
    assert possible.loc["f", ["safe", "border", "rare", "outlier"]].tolist() == [False] * 3 + [True]
    assert not possible.loc["g"].any()
    assert (analysis.archetype_rates().query("not possible")["images"] == 0).all()

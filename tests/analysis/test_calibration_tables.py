"""Tables of calibration, and the analysis of a network whose logits are scaled."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_analysis import make_analysis

from imbxai_widgets import Analysis
from imbxai_widgets.analysis import Head
from imbxai_widgets.compute.methods.calibration import calibration
from imbxai_widgets.compute.reading.labeled_images import Skipped

C, D, TOO_SURE = 12, 6, 3.0


@pytest.fixture(scope="module", params=[False, True], ids=["linear", "normalized"])
def analysis(request: pytest.FixtureRequest) -> Analysis:
    """A network whose logits are three times as large as they should be."""
    rng = np.random.default_rng(0)
    head = Head(
        rng.normal(size=(C, D)),
        None if request.param else rng.normal(size=C),
        scale=3.0 * TOO_SURE if request.param else TOO_SURE,
        normalized=request.param,
    )

    def images(size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        embeddings = rng.normal(size=(size, D)).astype(np.float32)
        logits = head.logits(embeddings)
        shares = torch.from_numpy(logits / TOO_SURE).double().softmax(dim=1).numpy()
        labels = (shares.cumsum(axis=1) < rng.random((size, 1))).sum(axis=1)
        return embeddings, np.minimum(labels, C - 1), logits

    embeddings, labels, logits = images(600)
    return Analysis.from_arrays(embeddings, labels, logits, validation=images(1500), head=head)


def test_the_table_is_that_of_the_images(analysis: Analysis) -> None:
    split = analysis.validation
    assert split is not None
    whole = analysis.calibration().loc["all"]
    found = calibration(split.confidences, split.correct, np.arange(len(split)))
    assert whole.tolist() == pytest.approx(list(found))
    assert whole["confidence"] == pytest.approx(split.confidences.mean())
    assert whole["gap_low"] > 0.1
    for by, kinds in (
        ("class", split.labels),
        ("prediction", split.predictions),
        ("archetype", split.archetypes),
    ):
        table = analysis.calibration(by)  # type: ignore[arg-type]
        assert table.index.name == by
        for number, (_, row) in enumerate(table.iterrows()):
            own = kinds == number
            assert row["images"] == own.sum()
            if own.any():
                assert row["accuracy"] == pytest.approx(split.correct[own].mean())
                assert row["confidence"] == pytest.approx(split.confidences[own].mean())


def test_a_scaling_that_is_not_fitted_to_an_image_mends_it(analysis: Analysis) -> None:
    before, after = (
        analysis.calibration(scaling=scaling).loc["all"] for scaling in (None, "temperature")
    )
    assert before["ece_low"] > 0.1
    assert after["accuracy"] == before["accuracy"]
    assert after["gap_low"] < 0 < after["gap_high"]
    assert after["ece"] < 0.03
    biased = analysis.calibration(scaling="bias").loc["all"]
    assert biased["ece_low"] < 0.02


def test_the_calibrated_analysis_is_that_of_the_scaled_head(
    analysis: Analysis, tmp_path: Path
) -> None:
    assert analysis.head is not None
    for kind in ("temperature", "bias"):
        scaled = analysis.calibrated(kind)  # type: ignore[arg-type]
        assert type(scaled) is Analysis
        assert scaled.head is not None
        assert analysis.head.scale / scaled.head.scale == pytest.approx(TOO_SURE, rel=0.15)
        for split in (scaled.train, scaled.validation):
            assert split is not None
            shares = torch.from_numpy(split.logits()).softmax(dim=1).numpy()
            rows = np.arange(len(split))
            np.testing.assert_allclose(shares[rows, split.predictions], split.confidences, 1e-3)
            np.testing.assert_allclose(shares[rows, split.labels], split.top.of_labels, 2e-3)
            assert (shares.max(axis=1) <= split.confidences + 1e-4).all()
        again = Analysis.load(scaled.save(tmp_path / "run.imbxai"))
        assert again.calibration().equals(scaled.calibration())
    same = analysis.calibrated()
    assert np.array_equal(same.predictions, analysis.predictions)
    assert same.validation_errors().equals(analysis.validation_errors())
    assert not same.suspects().equals(analysis.suspects())
    assert not same.forecast("softmax").equals(analysis.forecast("softmax"))


def test_the_curve_holds_all_images(analysis: Analysis) -> None:
    split = analysis.validation
    assert split is not None
    curve = analysis.reliability()
    assert curve["images"].sum() == len(split)
    assert (curve["images"] * curve["accuracy"]).sum() == pytest.approx(split.correct.sum())
    assert curve["confidence"].is_monotonic_increasing
    assert (curve["accuracy_low"] <= curve["accuracy"]).all()
    own = analysis.reliability(analysis.class_names[2])
    assert own["images"].sum() == (split.labels == 2).sum()
    assert analysis.reliability(scaling="temperature")["images"].sum() == len(split)


def test_groups_are_those_of_the_dataset(analysis: Analysis) -> None:
    split = analysis.validation
    assert split is not None
    skipped = replace(
        split, positions=split.positions + 1, skipped=(Skipped(0, None, "cannot be read"),)
    )
    shifted = replace(analysis, validation=skipped)
    groups = np.append(-1, np.arange(len(split)) // 3)
    found = shifted.calibration(groups=groups)
    assert found.equals(analysis.calibration(groups=groups[1:]))
    assert not found.equals(analysis.calibration())
    with pytest.raises(ValueError, match="groups must be 1501, one entry an image, not 1500"):
        shifted.calibration(groups=groups[1:])


def test_few_classes_need_no_head() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(scale=6, size=(400, 3))
    shares = torch.from_numpy(logits / 3).softmax(dim=1).numpy()
    labels = (shares.cumsum(axis=1) < rng.random((400, 1))).sum(axis=1)
    points = rng.normal(size=(400, 2))
    plain = Analysis.from_arrays(points, labels, logits, validation=(points, labels, logits))
    scaled = plain.calibrated()
    assert scaled.head is None
    assert scaled.calibration().loc["all", "ece"] < plain.calibration().loc["all", "ece"] / 2
    np.testing.assert_array_equal(scaled.predictions, plain.predictions)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda a: a.calibration("size"), "by must be one of class, prediction, archetype, or"),
        (lambda a: a.calibration(level=1.0), "level must lie between 0 and 1"),
        (lambda a: a.calibration(bins=0), "bins must be"),
        (lambda a: a.calibration(scaling="platt"), 'must be "temperature" or "bias"'),
        (lambda a: a.calibrated("platt"), 'must be "temperature" or "bias"'),
        (lambda a: a.reliability("none"), "There is no class 'none'"),
        (lambda a: replace(a, validation=None).calibration(), "give `validation=`"),
        (lambda a: replace(a, validation=None).calibrated(), "give `validation=`"),
    ],
)
def test_arguments_that_are_none_are_refused(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(make_analysis())


def test_what_is_not_known_is_said() -> None:
    rng = np.random.default_rng(0)
    points, labels = rng.normal(size=(60, 2)), rng.integers(0, 12, 60)
    predictions = Analysis.from_arrays(points, labels, labels, validation=(points, labels, labels))
    with pytest.raises(ValueError, match="from predictions alone"):
        predictions.calibration()
    logits = rng.normal(size=(60, 12))
    headless = Analysis.from_arrays(points, labels, logits, validation=(points, labels, logits))
    assert headless.calibration().loc["all", "images"] == 60
    with pytest.raises(ValueError, match="has no head"):
        headless.calibrated()


def test_no_validation_images_give_an_empty_curve() -> None:
    analysis = make_analysis()
    assert analysis.validation is not None
    name = analysis.class_names[0]
    none = analysis.validation.labels == 0
    assert analysis.reliability(name)["images"].sum() == none.sum()
    lonely = make_analysis((40, 20, 8, 0))
    assert len(lonely.reliability("c3")) == 0
    row = lonely.calibration("class").loc["c3"]
    assert row["images"] == 0
    assert row.iloc[1:].isna().all()

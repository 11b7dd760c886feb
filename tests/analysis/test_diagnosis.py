"""Causes that are put into drawn points, and what is said where something cannot be tested."""

from __future__ import annotations

import numpy as np
import pytest

from imbxai_widgets import Analysis
from imbxai_widgets.analysis.diagnosis import COLUMNS

CLASSES, EACH, DIMENSIONS = 6, 80, 16


def points(rng: np.random.Generator, each: int) -> tuple[np.ndarray, np.ndarray]:
    """Return points around one center a class, far enough apart to be told."""
    labels = np.repeat(np.arange(CLASSES), each)
    centers = 5 * np.eye(CLASSES, DIMENSIONS)
    noise = rng.normal(size=(len(labels), DIMENSIONS))
    return (centers[labels] + noise).astype(np.float32), labels


def analysis_of(
    train: tuple[np.ndarray, np.ndarray], held: tuple[np.ndarray, np.ndarray], **options: object
) -> Analysis:
    """Return that of a network whose logits are products with the centers, and a class's offset."""
    weight = 5 * np.eye(CLASSES, DIMENSIONS)
    offset = np.zeros(CLASSES)
    offset[0] = float(options.pop("offset", 0.0))  # type: ignore[arg-type]
    logits = [part[0] @ weight.T + offset for part in (train, held)]
    return Analysis.from_arrays(*train, logits[0], validation=(*held, logits[1]), **options)


@pytest.fixture
def drawn() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(0)
    return points(rng, EACH), points(rng, EACH)


def test_classes_without_a_fault_have_no_cause(drawn) -> None:
    diagnosis = analysis_of(*drawn).diagnose()
    assert [found.state for found in diagnosis.classes] == ["not failing"] * CLASSES
    assert all(not found.causes for found in diagnosis.classes)
    table = diagnosis.table()
    assert tuple(table.columns) == COLUMNS
    assert len(table) == CLASSES
    assert table["rank"].isna().all()


def test_a_small_class_with_a_shifted_decision(drawn) -> None:
    train, held = drawn
    kept = np.concatenate([np.arange(EACH - 60), np.arange(EACH, CLASSES * EACH)])
    analysis = analysis_of((train[0][kept], train[1][kept]), held, offset=-20)
    found = analysis.diagnose().of("0")
    assert found.state == "failing"
    assert found.causes[0].cause == "decision shift"
    assert found.causes[0].together_with == ("few images",)
    gain = found.causes[0]
    assert gain.low <= gain.value <= gain.high
    assert gain.value == pytest.approx(found.others - found.recall, abs=0.1)


def test_copies_of_validation_images_are_a_leak_of_a_class_that_does_not_fail(drawn) -> None:
    train, held = drawn
    rows = np.arange(EACH, EACH + 20)
    more = np.concatenate([train[0], held[0][rows]]), np.concatenate([train[1], held[1][rows]])
    found = analysis_of(more, held).diagnose().of("1")
    assert (found.state, [cause.cause for cause in found.causes]) == ("not failing", ["leak"])
    assert found.causes[0].value == 20 / EACH
    assert found.causes[0].images["validation"].tolist() == rows.tolist()


def test_what_cannot_be_tested_says_why(drawn) -> None:
    train, held = drawn
    predictions = [part[0][:, :CLASSES].argmax(axis=1) for part in (train, held)]
    analysis = Analysis.from_arrays(*train, predictions[0], validation=(*held, predictions[1]))
    tests = {test.cause: test for test in analysis.diagnose().of("0").tests}
    untold = [cause for cause, test in tests.items() if test.holds is None]
    assert untold == ["duplicates", "overlap", "shortcut", "over-confidence"]
    for cause in untold:
        assert tests[cause].statement.startswith("not tested: ")
        assert np.isnan(tests[cause].value)
    assert "give dataset" in tests["duplicates"].statement
    assert "logits of the network are not known" in tests["decision shift"].statement


def test_few_validation_images_are_too_few(drawn) -> None:
    train, held = drawn
    rows = np.concatenate([np.arange(39), np.arange(2 * EACH, CLASSES * EACH)])
    diagnosis = analysis_of(train, (held[0][rows], held[1][rows])).diagnose()
    assert diagnosis.of("0").state == "too few to tell"
    assert diagnosis.of("1").state == "no validation images"
    assert diagnosis.of("2").state == "not failing"


def test_it_is_the_same_for_the_same_seed(drawn) -> None:
    analysis = analysis_of(*drawn, offset=-20)
    first, second = (analysis.diagnose(seed=3).table() for _ in range(2))
    assert first.equals(second)

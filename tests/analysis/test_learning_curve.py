"""The learning curve of a class, against predictions made by hand."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
from remedy_cases import NAMES, SIZES, draw, make_head, make_what_if_analysis
from small_analysis import make_analysis

from imbxai_widgets import Analysis


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return make_what_if_analysis()


@pytest.mark.parametrize("label", range(3))
def test_it_is_what_a_larger_logit_predicts(analysis: Analysis, label: int) -> None:
    curve = analysis.learning_curve(NAMES[label])
    split = analysis.validation
    logits, own = split.logits(), split.labels == label
    assert curve.table.index.tolist() == [1, 2, 4]
    assert curve.table["images"].tolist() == [SIZES[label] * times for times in (1, 2, 4)]
    for times, row in curve.table.iterrows():
        shift = np.eye(3)[label] * 1.5 * np.log(times)
        right = (logits[own] + shift).argmax(axis=1) == label
        assert row["recall"] == pytest.approx(right.mean())
        assert 0 <= row["low"] <= row["recall"] <= row["high"] <= 1
        assert (row["low"] < row["high"]) == (times != 1)
    adjusted = (logits[own] - np.log(SIZES)).argmax(axis=1) == label
    assert curve.adjusted == pytest.approx(adjusted.mean())
    coverage = analysis.coverage().loc[NAMES[label]]
    assert curve.validation_images == coverage["validation_images"] == 30
    assert curve.beyond_reach == 30 - coverage["covered"]


def test_it_is_said_in_plain_sentences(analysis: Analysis) -> None:
    curve = analysis.learning_curve("few")
    table = curve.table.assign(recall=[0.1, 0.4, 0.65], low=[0.1, 0.2, 0.3], high=[0.1, 0.5, 0.9])
    told = replace(curve, table=table, adjusted=0.5, beyond_reach=1, validation_images=30)
    assert str(told) == (
        "few: 10% of 30 validation images are right, with 6 training images. Twice as many (12): "
        "40% (20% to 50%). Four times as many (24): 65% (30% to 90%). With no more, but a decision "
        "adjusted to class sizes: 50%. 1 validation image lies beyond reach of the training images "
        "of the class."
    )
    for unknown in (None, 0):
        assert str(replace(told, beyond_reach=unknown)).endswith("class sizes: 50%.")


def test_images_that_come_in_groups_make_it_less_sure() -> None:
    """Eight images, six times each, are not as sure as 48."""
    head, rng = make_head(), np.random.default_rng(0)
    training, (embeddings, labels) = draw(rng, SIZES), draw(rng, (8, 8, 8))
    unseen = np.repeat(embeddings, 6, axis=0)
    analysis = Analysis.from_arrays(
        *training,
        head.logits(training[0]),
        validation=(unseen, np.repeat(labels, 6), head.logits(unseen)),
        class_names=NAMES,
        head=head,
    )
    alone = analysis.learning_curve("few").table
    grouped = analysis.learning_curve("few", groups=np.repeat(np.arange(24), 6)).table
    assert grouped["recall"].equals(alone["recall"])
    widths = [(table["high"] - table["low"])[2] for table in (alone, grouped)]
    assert widths[1] > 1.4 * widths[0]


def test_the_analysis_and_its_other_answers_stay(analysis: Analysis) -> None:
    before = analysis.what_if().logits().copy()
    first = analysis.learning_curve("few").table
    assert first.equals(analysis.learning_curve("few").table)
    assert np.array_equal(analysis.what_if().logits(), before)


def test_a_normalized_head_is_warned_of() -> None:
    normalized = make_what_if_analysis(make_head(normalized=True))
    with pytest.warns(UserWarning, match="the head is normalized"):
        normalized.learning_curve("few")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_what_if_analysis().learning_curve("few")


def test_what_it_needs_it_asks_for(analysis: Analysis) -> None:
    with pytest.raises(ValueError, match="give `validation=`"):
        make_analysis(validation=False).learning_curve("c0")
    with pytest.raises(ValueError, match="fewer"):
        analysis.learning_curve("fewer")
    with pytest.raises(ValueError, match="'few' has no validation images"):
        make_what_if_analysis(validation=(30, 30, 0)).learning_curve("few")
    head, rng = make_head(), np.random.default_rng(0)
    (training, labels), held_out = draw(rng, (60, 24, 0)), draw(rng, (5, 5, 5))
    few = Analysis.from_arrays(
        training,
        labels,
        head.logits(training),
        validation=(*held_out, head.logits(held_out[0])),
        class_names=NAMES,
        head=head,
    )
    with pytest.raises(ValueError, match="'few' has no training images"):
        few.learning_curve("few")

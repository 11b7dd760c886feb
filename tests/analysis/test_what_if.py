"""What remedies would change, against predictions made by hand."""

from __future__ import annotations

from dataclasses import replace
from threading import Event

import numpy as np
import pytest
from remedy_cases import NAMES, SIZES, draw, make_head, make_what_if_analysis

from imbxai_widgets import Analysis, remedies
from imbxai_widgets.analysis import Head, WhatIf, _what_if
from imbxai_widgets.analysis._remedied import Held, remedied, stratified_folds
from imbxai_widgets.remedies import (
    ClassifierRetraining,
    DropSuspects,
    LogitAdjustment,
    NearestClassMean,
    Remedy,
    Resample,
    Reweight,
    TauNormalization,
    Temperature,
    Threshold,
)


@pytest.fixture(scope="module", params=[False, True], ids=["linear", "normalized"])
def analysis(request: pytest.FixtureRequest) -> Analysis:
    return make_what_if_analysis(make_head(normalized=request.param))


@pytest.fixture(scope="module")
def linear() -> Analysis:
    return make_what_if_analysis()


def test_nothing_changes_nothing(analysis: Analysis) -> None:
    for given in ((), (LogitAdjustment(0),), (DropSuspects(0),), (Temperature(3.0),)):
        what_if = analysis.what_if(*given)
        assert np.array_equal(what_if.after, analysis.validation.predictions)
        assert (what_if.classes()[["change", "change_low", "change_high"]] == 0).all(axis=None)
        assert (what_if.summary()["change_high"] == 0).all()
        assert what_if.moves().empty
    assert np.array_equal(analysis.what_if().logits(), analysis.validation.logits())


def test_the_tables_are_those_of_the_predictions(analysis: Analysis) -> None:
    split = analysis.validation
    what_if = analysis.what_if(LogitAdjustment(1))
    after = (split.logits() - np.log(SIZES)).argmax(axis=1)
    assert np.array_equal(what_if.after, after)
    table = what_if.classes()
    assert table.columns.tolist() == [
        *("images", "before", "after", "change", "change_low", "change_high")
    ]
    for label, (name, row) in enumerate(table.iterrows()):
        own = split.labels == label
        assert name == NAMES[label]
        assert row["images"] == own.sum()
        assert row["before"] == pytest.approx((split.predictions[own] == label).mean())
        assert row["after"] == pytest.approx((after[own] == label).mean())
        assert row["change_low"] <= row["change"] == row["after"] - row["before"]
        assert row["change"] <= row["change_high"]
    summary = what_if.summary()
    assert summary.loc["all", "after"] == pytest.approx((after == split.labels).mean())
    assert summary.loc["mean of classes", "after"] == pytest.approx(table["after"].mean())
    assert summary.loc["worst class", "before"] == table["before"].min()
    assert what_if.tail == ("few",)
    assert summary.loc["tail", "after"] == table.loc["few", "after"]
    assert summary["refit"].isna().all()
    moves = what_if.moves()
    assert moves["images"].sum() == (after != split.predictions).sum()
    won = moves[moves["effect"] == "won"]
    assert (won["class"] == won["after"]).all()
    gained = (after == split.labels).sum() - split.correct.sum()
    counts = moves.groupby("effect")["images"].sum()
    assert counts.get("won", 0) - counts.get("lost", 0) == gained


def test_adjusting_helps_few_at_the_price_of_many(linear: Analysis) -> None:
    change = linear.what_if(LogitAdjustment(1)).classes()["change"]
    assert change["few"] > 0.2
    assert change["many"] < 0


def test_the_same_arguments_give_the_same(linear: Analysis) -> None:
    for given in ((ClassifierRetraining(),), (LogitAdjustment(), Temperature())):
        one, other = (linear.what_if(*given) for _ in range(2))
        assert one.classes().equals(other.classes())
        assert np.array_equal(one.probabilities(), other.probabilities())


def test_data_remedies_refit_the_head_with_the_baseline_beside_it(linear: Analysis) -> None:
    split = linear.validation
    plan = linear.resampling_plan(balance=1)
    by_plan, by_weight, by_sampling = (
        linear.what_if(remedy) for remedy in (Resample(plan), Reweight(), ClassifierRetraining())
    )
    assert np.array_equal(by_plan.after, by_weight.after)
    assert np.array_equal(by_plan.after, by_sampling.after)
    plain = linear.what_if(ClassifierRetraining([1.0, 1.0, 1.0]))
    assert np.array_equal(by_plan.refit, plain.after)
    told = by_plan.summary()["refit"]
    assert told["all"] == pytest.approx((plain.after == split.labels).mean())
    dropped = linear.what_if(DropSuspects(5))
    order = linear.suspects().index[:5]
    weights = np.ones(len(linear.labels))
    weights[order] = 0
    assert np.array_equal(dropped.after, linear.what_if(ClassifierRetraining(weights)).after)


def test_with_parameters_given_nothing_is_chosen(linear: Analysis) -> None:
    one = linear.what_if(LogitAdjustment(1), validation_folds=2)
    other = linear.what_if(LogitAdjustment(1), validation_folds=7, seed=0)
    assert one.classes().equals(other.classes())
    assert one.chosen == ()
    assert one.classes()["images"].sum() == len(linear.validation)


def test_each_fold_is_judged_with_what_others_chose(linear: Analysis) -> None:
    what_if = linear.what_if(LogitAdjustment(), validation_folds=3, seed=4)
    split = linear.validation
    assert len(what_if.chosen) == 3
    assert np.bincount(what_if.folds).tolist() == [30, 30, 30]
    for number, (remedy,) in enumerate(what_if.chosen):
        own = what_if.folds == number
        logits = split.logits() - remedy.tau * np.log(SIZES)
        assert np.array_equal(what_if.after[own], logits.argmax(axis=1)[own])
        scores = {}
        for tau in np.round(np.arange(0, 3.05, 0.1), 1):
            predictions = (split.logits() - tau * np.log(SIZES)).argmax(axis=1)
            right = (predictions == split.labels)[~own]
            scores[tau] = np.mean([right[split.labels[~own] == label].mean() for label in range(3)])
        assert scores[remedy.tau] == pytest.approx(max(scores.values()))


def test_the_images_of_a_fold_do_not_choose_for_it(linear: Analysis) -> None:
    """Whatever is true of a fold, what it is judged with stays."""
    split = linear.validation
    folds = np.arange(len(split)) % 2
    network, ordered = linear._network(), (LogitAdjustment(), Temperature())
    before = remedied(ordered, network, Held(split, split.logits()), folds)
    rng = np.random.default_rng(0)
    turned = np.where(folds == 0, rng.permutation(split.labels), split.labels)
    held = Held(replace(split, labels=turned), split.logits())
    after = remedied(ordered, network, held, folds)
    assert after.chosen[0] == before.chosen[0]
    assert after.chosen[1] != before.chosen[1]
    assert np.array_equal(after.logits[folds == 0], before.logits[folds == 0])


def test_gains_that_are_chosen_are_not_gains() -> None:
    """The head is the best there is, so a tau that is chosen promises what it does not keep."""
    promised, reported = [], []
    head = Head((1.5 / 2.5**2) * np.eye(3, 4))
    for seed in range(12):
        rng = np.random.default_rng(seed)
        held_out = draw(rng, (20, 20, 20), noise=2.5)
        training = draw(rng, (60, 24, 6), noise=2.5)
        analysis = Analysis.from_arrays(
            *training,
            head.logits(training[0]),
            validation=(*held_out, head.logits(held_out[0])),
            head=head,
        )
        what_if = analysis.what_if(LogitAdjustment(), seed=seed)
        in_sample = analysis.what_if(*what_if.remedies)
        for gains, of in ((promised, in_sample), (reported, what_if)):
            gains.append(of.summary().loc["mean of classes", "change"])
    assert np.mean(promised) > 0.01
    assert min(promised) >= 0
    assert np.mean(reported) < 0.002


def test_groups_stay_together_and_widen_intervals(linear: Analysis) -> None:
    groups = np.arange(90) // 3
    what_if = linear.what_if(LogitAdjustment(), groups=groups)
    assert all(len(set(what_if.folds[groups == group])) == 1 for group in range(30))
    plain, grouped = (
        linear.what_if(LogitAdjustment(1), groups=given).classes()
        for given in (None, np.arange(90) // 10)
    )
    assert plain["change"].equals(grouped["change"])
    assert not plain["change_low"].equals(grouped["change_low"])


def test_folds_hold_as_many_of_each_class() -> None:
    labels = np.repeat(np.arange(4), (20, 10, 6, 2))
    rng = np.random.default_rng(0)
    folds = stratified_folds(np.arange(38), labels, 2, rng)
    for label in range(4):
        own = np.bincount(folds[labels == label], minlength=2)
        assert abs(own[0] - own[1]) <= 1
    with pytest.raises(ValueError, match="2 validation images or groups cannot make 3 folds"):
        stratified_folds(np.array([0, 0, 1]), np.zeros(3, dtype=np.int64), 3, rng)


def test_probabilities_are_calibrated_where_that_is_called_for() -> None:
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(1200, 4)).astype(np.float32)
    head = Head(np.eye(3, 4) * 3)
    sure = head.logits(embeddings)
    shares = np.exp(sure / 3) / np.exp(sure / 3).sum(axis=1, keepdims=True)
    labels = (shares.cumsum(axis=1) < rng.random((1200, 1))).sum(axis=1)
    training = (embeddings[:200], labels[:200], sure[:200])
    held_out = (embeddings[200:], labels[200:], sure[200:])
    analysis = Analysis.from_arrays(*training, validation=held_out, head=head)
    what_if = analysis.what_if()
    assert what_if.temperature == pytest.approx(3, abs=0.5)
    found = what_if.probabilities()
    assert found.sum(axis=1) == pytest.approx(1)
    assert abs(found.max(axis=1).mean() - (what_if.after == labels[200:]).mean()) < 0.03
    right = analysis.what_if(Temperature(3.0))
    assert right.temperature == 1


def test_decisions_are_where_images_are_predicted(linear: Analysis) -> None:
    what_if = linear.what_if(LogitAdjustment(0.5))
    table = what_if.decisions("few", "many")
    split = linear.validation
    own = table[table["split"] == "validation"]
    for mine, label in (
        ((own["x"] > 0) & (own["y"] > 0), 2),
        ((own["x"] < 0) & (own["y"] > own["x"]), 0),
    ):
        rows = own["image"][mine].to_numpy()
        assert np.array_equal(rows, np.flatnonzero(what_if.after == label))
    wanted = np.isin(split.labels, [0, 2]) | np.isin(split.predictions, [0, 2])
    assert np.isin(np.flatnonzero(wanted), own["image"]).all()
    assert set(table["split"]) == {"training", "validation"}
    with pytest.raises(ValueError, match="no class 'none'"):
        what_if.decisions("none", "many")


def test_a_fit_is_cancelled(linear: Analysis) -> None:
    stop = Event()
    stop.set()
    with pytest.raises(remedies.CancelledError):
        linear.what_if(ClassifierRetraining(), cancelled=stop.is_set)
    assert isinstance(linear.what_if(LogitAdjustment(1), cancelled=stop.is_set), WhatIf)


def test_what_cannot_be_done_is_said(linear: Analysis, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = Analysis.from_arrays(linear.embeddings, linear.labels, linear.predictions, k=3)
    with pytest.raises(ValueError, match="No validation"):
        bare.what_if()
    split = linear.validation
    arrays = (linear.embeddings, linear.labels)
    of_predictions = Analysis.from_arrays(
        *arrays,
        linear.predictions,
        validation=(split.embeddings, split.labels, split.predictions),
    )
    with pytest.raises(ValueError, match="needs the logits of the network, which are not known"):
        of_predictions.what_if(LogitAdjustment(1))
    assert of_predictions.what_if(ClassifierRetraining()).after.shape == (90,)
    of_logits = Analysis.from_arrays(
        *arrays,
        linear.train.logits(),
        validation=(split.embeddings, split.labels, split.logits()),
    )
    assert of_logits.head is None
    assert np.array_equal(
        of_logits.what_if(LogitAdjustment(1)).after, linear.what_if(LogitAdjustment(1)).after
    )
    with pytest.raises(ValueError, match="needs a linear head"):
        of_logits.what_if(TauNormalization(1))
    with monkeypatch.context() as patch:
        patch.setattr(_what_if, "_MOST_BYTES", 1000)
        fresh = make_what_if_analysis()
        with pytest.raises(ValueError, match="logits of 90 validation images and 3 classes take"):
            fresh.what_if()
    with pytest.raises(ValueError, match="validation_folds must be"):
        linear.what_if(validation_folds=1)


@pytest.mark.parametrize(
    "remedy",
    [Threshold({"few": 0.1}), NearestClassMean("euclidean"), TauNormalization(), Reweight()],
)
def test_few_are_recognized_more_often(linear: Analysis, remedy: Remedy) -> None:
    table = linear.what_if(remedy).classes()
    assert table.loc["few", "change"] >= 0
    assert repr(linear.what_if(remedy)).startswith(f"WhatIf({type(remedy).__name__}(")

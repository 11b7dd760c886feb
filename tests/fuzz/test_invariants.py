"""Whatever the arrays hold, the tables of an analysis add up, and know no order of anything."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from analysis_cases import Case, cases
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from imbxai_widgets import Analysis
from imbxai_widgets.compute.methods.archetypes import ARCHETYPES

# The cases have ties on purpose, which an analysis tells of.
pytestmark = pytest.mark.filterwarnings("ignore:for .* equally near:UserWarning")


def assert_shares(table: pd.DataFrame, *, empty: Any) -> None:
    """Each row adds up to 1, or says that there is nothing to take a share of."""
    shares = table.to_numpy(dtype=np.float64)
    nothing = np.isnan(shares).all(axis=1) | (shares == 0).all(axis=1)
    assert_array_equal(nothing, empty)
    assert_allclose(shares[~nothing].sum(axis=1), 1)
    assert ((shares[~nothing] >= 0) & (shares[~nothing] <= 1)).all()


@given(case=cases())
def test_classes_add_up(case: Case) -> None:
    analysis = case.analysis()
    table = analysis.classes()
    wrong = analysis.predictions != analysis.labels
    assert table["images"].sum() == len(case.labels)
    assert table["training_errors"].sum() == wrong.sum()
    assert_shares(table[[*ARCHETYPES]], empty=table["images"] == 0)
    correct = table["images"] * table["training_accuracy"]
    assert_allclose(correct.fillna(0) + table["training_errors"], table["images"])
    assert (table["imbalance"].dropna() >= 1).all()


@given(case=cases())
def test_archetypes_add_up(case: Case) -> None:
    analysis = case.analysis()
    table = analysis.archetype_rates()
    images = table["images"].unstack("archetype")
    assert_array_equal(
        images.sum(axis=1).loc[list(analysis.class_names)], analysis.classes()["images"]
    )
    whole = analysis.errors_by_archetype()
    assert whole["training_images"].sum() == len(case.labels)
    errors = (whole["training_images"] * whole["training_error_rate"]).sum()
    assert_allclose(errors, (analysis.predictions != analysis.labels).sum())
    for name in analysis.class_names:
        for archetype in ARCHETYPES:
            members = analysis.members(name, archetype)
            assert len(members) == table.loc[(name, archetype), "images"]
            prototypes = analysis.prototypes(name, archetype, n=2)
            assert set(prototypes) <= set(members)
            assert (len(prototypes) > 0) == (len(members) > 0)


@given(case=cases())
def test_confusions_add_up(case: Case) -> None:
    analysis = case.analysis()
    for scope in ("errors", "all"):
        table = analysis.adversaries(scope)
        assert_shares(table["share"], empty=table["support", "votes"] == 0)
        assert (np.diag(table["share"]) == 0).all()
        assert (table["support", "votes"] <= case.k * analysis.classes()["images"]).all()
    if analysis.validation is None:
        return
    rows, columns = analysis.validation_errors("rows"), analysis.validation_errors("columns")
    wrong = (analysis.validation.predictions != analysis.validation.labels).sum()
    for table in (rows, columns):
        assert table["support", "errors"].sum() == wrong
        assert_shares(table["share"], empty=table["support", "errors"] == 0)
    counts = rows["share"].mul(rows["support", "errors"], axis=0)
    there = columns["share"].mul(columns["support", "errors"], axis=0)
    assert_allclose(counts, there.T, atol=1e-9)


@given(case=cases())
def test_features_add_up(case: Case) -> None:
    analysis = case.analysis()
    overlap = analysis.overlap()
    assert_array_equal(overlap, overlap.T)
    for name in analysis.class_names:
        features = analysis.top_features(name)
        assert overlap.loc[name, name] == len(features) <= analysis.top_k
        assert features.index.is_unique
        if len(features):
            assert_allclose(features["share"].sum(), 1, rtol=1e-6)
        shared = analysis.feature_overlap(name)
        assert_array_equal(shared["shared"], overlap.loc[name, shared.index])
        assert shared["jaccard"].dropna().between(0, 1).all()


@given(case=cases())
def test_neighbors_are_others_by_rising_distance(case: Case) -> None:
    analysis = case.analysis()
    train = analysis.train
    assert train.neighbors.shape == (len(case.labels), case.k)
    assert (train.neighbors != np.arange(len(case.labels))[:, np.newaxis]).all()
    assert all(len(set(row)) == case.k for row in train.neighbors)
    # Beyond the range of float32 a distance is infinite, and infinity minus itself not a number.
    near, far = train.neighbor_distances[:, :-1], train.neighbor_distances[:, 1:]
    assert (near <= far).all()


@given(case=cases(), data=st.data())
def test_the_order_of_images_changes_nothing_but_their_numbers(case: Case, data: Any) -> None:
    order = np.array(data.draw(st.permutations(range(len(case.labels)))))
    one, other = case.analysis(), case.with_images(order).analysis()
    assert_array_equal(one.train.neighbor_distances[order], other.train.neighbor_distances)
    assert_array_equal(one.train.top.classes[order], other.train.top.classes)
    assert_array_equal(one.train.top.probabilities[order], other.train.top.probabilities)
    assert one.overlap().equals(other.overlap()) or _close_means(case)
    if not _tied(case, one):
        assert_array_equal(one.archetypes[order], other.archetypes)
        assert one.classes().equals(other.classes())
        assert one.adversaries("all").equals(other.adversaries("all"))


@given(case=cases(predictions=True), data=st.data())
def test_the_order_of_classes_permutes_the_tables(case: Case, data: Any) -> None:
    new = np.array(data.draw(st.permutations(range(case.n_classes))))
    one, other = case.analysis(), case.with_classes(new).analysis()
    names = np.array(one.class_names)
    pd.testing.assert_frame_equal(_renamed(other.classes(), names, new), one.classes())
    pairs = [(one.adversaries(), other.adversaries())]
    if case.validation is not None:
        pairs.append((one.validation_errors(), other.validation_errors()))
    for here, there in pairs:
        assert_array_equal(there["support"].to_numpy()[new], here["support"])
        assert_array_equal(there["share"].to_numpy()[new][:, new], here["share"])
    assert_array_equal(other.overlap().to_numpy()[new][:, new], one.overlap())


def _renamed(table: pd.DataFrame, names: np.ndarray, new: np.ndarray) -> pd.DataFrame:
    return table.iloc[new].set_axis(pd.Index(names, name="class", dtype=object))


def _tied(case: Case, analysis: Analysis) -> bool:
    """Whether, of some image, the last neighbor is as far as one left out: either may be taken."""
    if case.k + 1 >= len(case.labels):
        return False
    wider = Case(**{**vars(case), "k": case.k + 1}).analysis().train.neighbor_distances
    return bool((wider[:, -1] == analysis.train.neighbor_distances[:, -1]).any())


def _close_means(case: Case) -> bool:
    """Whether means of features are so close that the order of a sum decides between them."""
    for label in range(case.n_classes):
        rows = case.embeddings[case.labels == label].astype(np.float64)
        if not len(rows):
            continue
        means = np.sort(abs(rows).mean(axis=0))
        if (np.diff(means) <= 1e-6 * means[1:]).any() or (means <= 1e-6 * means[-1]).any():
            return True
    return False


@given(case=cases(), grouped=st.booleans())
def test_forecasts_are_distributions_and_their_divergences_within_bounds(
    case: Case, grouped: bool
) -> None:
    analysis = case.analysis()
    if analysis.validation is None:
        return
    size = len(analysis.validation)
    groups = np.arange(size) % (size - 1) if grouped and size > 2 else None
    quality = analysis.forecast_quality(groups=groups)
    of_kinds = quality.drop("random", level="forecast")
    for column in ("kl", "js", "floor", "excess"):
        assert_array_equal(of_kinds[column].notna(), of_kinds["errors"] > 0)
    assert (quality["kl"].dropna() >= 0).all()
    assert (quality["floor"].dropna() >= 0).all()
    assert quality["js"].dropna().between(0, np.log(2)).all()
    assert quality["excess_p"].dropna().between(0, 1).all()
    ends = quality[["excess_low", "excess", "excess_high"]].dropna()
    assert (ends.diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)
    for kind in of_kinds.index.unique("forecast"):
        shares = analysis.forecast(kind)
        assert_allclose(shares.sum(axis=1), 1)
        assert (np.diag(shares) == 0).all()
    average = analysis.forecast_quality(average=True, groups=groups)
    means = quality["kl"].groupby("forecast", sort=False).mean()
    assert_allclose(average["kl"], means)


@given(case=cases(), prior_power=st.sampled_from([0.0, 1.0, 2.0]))
def test_every_image_is_ranked_once_and_never_given_its_own_label(
    case: Case, prior_power: float
) -> None:
    analysis = case.analysis()
    table = analysis.suspects(prior_power=prior_power)
    assert sorted(table.index) == list(range(len(case.labels)))
    assert (table["suggested"] != table["label"]).all()
    assert table["score"].between(0, 1).all()
    assert table["score"].is_monotonic_decreasing


@given(case=cases(), balance=st.sampled_from([0.0, 0.5, 1.0]))
def test_plans_draw_as_many_images_as_there_are(case: Case, balance: float) -> None:
    analysis = case.analysis()
    plan = analysis.resampling_plan(balance=balance)
    assert_allclose(plan.sum(), len(case.labels))
    totals = np.bincount(case.labels, plan, minlength=case.n_classes)
    sizes = np.bincount(case.labels, minlength=case.n_classes)
    present = sizes > 0
    shares = sizes[present] ** (1 - balance)
    assert_allclose(totals[present] / totals.sum(), shares / shares.sum())


@given(case=cases())
def test_agreement_and_calibration_add_up(case: Case) -> None:
    analysis = case.analysis()
    table = analysis.errors_by_agreement()
    wrong = analysis.predictions != analysis.labels
    assert table["training_images"].sum() == len(case.labels)
    errors = table["training_images"] * table["training_error_rate"].fillna(0)
    assert_allclose(errors.sum(), wrong.sum())
    rates = analysis.archetype_rates()
    assert (rates["images"][~rates["possible"]] == 0).all()
    split = analysis.validation
    if split is None or not len(split) or np.isnan(split.confidences).any():
        return
    whole = analysis.calibration().loc["all"]
    for by in ("class", "prediction", "archetype"):
        found = analysis.calibration(by)  # type: ignore[arg-type]
        assert found["images"].sum() == whole["images"] == len(split)
        right = (found["images"] * found["accuracy"]).sum()
        assert_allclose(right, split.correct.sum(), atol=1e-9)
        assert found["gap"].dropna().between(-1, 1).all()
    assert analysis.reliability()["images"].sum() == len(split)

"""Forecasts of validation errors: against definitions, other libraries, and planted truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import small_analysis
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.special import softmax
from scipy.stats import entropy
from small_analysis import planted

from imbxai_widgets import Analysis
from imbxai_widgets.analysis import Head
from imbxai_widgets.compute.methods.backing_off import backed_off
from imbxai_widgets.compute.methods.divergence import js_divergence, kl_divergence
from imbxai_widgets.compute.methods.fisher import fisher_ratios
from imbxai_widgets.compute.methods.forecast import KINDS
from imbxai_widgets.compute.methods.spread import spread_errors

seeds = given(seed=st.integers(0, 2**32 - 1))


@seeds
def test_divergences_are_those_of_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, q = rng.dirichlet(np.full(6, 0.3), (2, 5))
    p[0, :] = np.eye(6)[1]
    np.testing.assert_allclose(kl_divergence(p, q), entropy(p, q, axis=1), atol=1e-12)
    np.testing.assert_allclose(js_divergence(p, q), jensenshannon(p, q, axis=1) ** 2, atol=1e-7)


def test_a_forecast_that_excludes_what_occurs_is_infinitely_far() -> None:
    assert kl_divergence([0.5, 0.5], [1.0, 0.0]) == np.inf
    assert kl_divergence([1.0, 0.0], [0.5, 0.5]) == pytest.approx(np.log(2))


def test_fisher_ratios_agree_with_the_definition_feature_by_feature() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 3], [5, 8, 3])
    embeddings = rng.normal(size=(16, 4))
    embeddings[:, 2] = 1.5  # says nothing, and must not count
    found = fisher_ratios(embeddings, labels, 4)
    for a in range(4):
        for b in range(4):
            ratios = []
            for d in (0, 1, 3):
                x, y = embeddings[labels == a, d], embeddings[labels == b, d]
                if len(x) and len(y):
                    ratios.append((x.mean() - y.mean()) ** 2 / (x.var() + y.var()))
            assert found[a, b] == pytest.approx(np.mean(ratios) if ratios else np.nan, nan_ok=True)


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return small_analysis.make_analysis((60, 30, 12, 0), images=False)


def test_forecasts_count_what_they_say(analysis: Analysis) -> None:
    train, size = analysis.train, analysis.n_classes
    near = analysis.labels[analysis.neighbors]
    counts = {kind: np.zeros((size, size)) for kind in KINDS}
    for i, own in enumerate(analysis.labels):
        for rank in range(analysis.k):
            distance = train.neighbor_distances[i]
            counts["all votes"][own, near[i, rank]] += 1
            counts["distance votes"][own, near[i, rank]] += distance[0] / distance[rank]
            if train.predictions[i] != own:
                counts["votes"][own, near[i, rank]] += 1
        counts["training errors"][own, train.predictions[i]] += 1
        for place, probability in zip(
            train.top.classes[i], train.top.probabilities[i], strict=True
        ):
            counts["softmax"][own, place] += probability
    for kind in ("votes", "all votes", "distance votes", "training errors", "softmax"):
        np.testing.assert_allclose(
            analysis.forecast(kind, smoothing=2), _smoothed(counts[kind], 2), atol=1e-6
        )
    np.fill_diagonal(counts["votes"], 0)
    np.testing.assert_allclose(
        analysis.forecast("popularity", smoothing=2), _shared(counts["votes"].sum(axis=0), 2)
    )
    sizes = np.bincount(analysis.labels, minlength=size)
    np.testing.assert_allclose(analysis.forecast("priors", smoothing=2), _shared(sizes, 2))
    assert analysis.forecast("uniform").iloc[1].tolist() == pytest.approx([1 / 3, 0, 1 / 3, 1 / 3])
    parts = [analysis.forecast(kind) for kind in ("softmax", "popularity")]
    np.testing.assert_allclose(analysis.forecast("combined"), sum(parts) / 2)
    ratios = fisher_ratios(analysis.embeddings, analysis.labels, size)
    fisher = analysis.forecast("fisher")
    assert fisher.iloc[0, 1] / fisher.iloc[0, 2] == pytest.approx(ratios[0, 2] / ratios[0, 1])
    assert fisher.iloc[0, 3] == pytest.approx(fisher.iloc[0, 1:3].mean())  # nothing is known of it


def _smoothed(counts: np.ndarray, total: float) -> np.ndarray:
    counts = counts.copy()
    np.fill_diagonal(counts, 0)
    counts += total * _shared(counts.sum(axis=0), total)
    return counts / counts.sum(axis=1, keepdims=True)


def _shared(columns: np.ndarray, total: float) -> np.ndarray:
    rows = np.tile(columns + total / (len(columns) - 1), (len(columns), 1))
    np.fill_diagonal(rows, 0)
    return rows / rows.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("size", [10, 100, 1000])
def test_an_adversary_that_takes_all_votes_is_foretold_with_many_classes_too(size: int) -> None:
    rng = np.random.default_rng(0)
    means = rng.normal(size=(size, 32)) * 20
    labels = np.repeat(np.arange(size), 20)
    places = labels.copy()  # four images of each class stand in the next one, and are taken for it
    places[np.arange(len(labels)) % 20 < 4] += 1
    places %= size
    embeddings = means[places] + rng.normal(size=(len(labels), 32))
    logits = 8 * np.eye(size, dtype=np.float32)[places]
    found = Analysis.from_arrays(embeddings.astype(np.float32), labels, logits)
    assert found.adversaries()["share"].iloc[0, 1] == 1
    assert found.forecast("votes").iloc[0, 1] > 0.8  # 20 votes, and 3 that are shared out
    assert found.forecast("training errors").iloc[0, 1] > 0.5  # 4 errors
    assert found.forecast("softmax and errors").iloc[0, 1] > 0.5


def _with_head(seed: int = 0, **options: Any) -> tuple[Analysis, Head]:
    """Classes along axes, the head of which reads them, and images that are near to the border."""
    rng = np.random.default_rng(seed)
    head = Head(rng.normal(size=(4, 6)), rng.normal(size=4), **options)
    labels = np.repeat(np.arange(4), [40, 20, 10, 1])
    embeddings = (head.weight[labels] + rng.normal(scale=0.8, size=(71, 6))).astype(np.float32)
    unseen = (head.weight[labels] + rng.normal(scale=1.2, size=(71, 6))).astype(np.float32)
    validation = (unseen, labels, head.logits(unseen))
    found = Analysis.from_arrays(
        embeddings, labels, head.logits(embeddings), validation=validation, head=head
    )
    return found, head


@pytest.mark.parametrize("positive", [False, True])
def test_spread_errors_are_those_of_moved_embeddings(positive: bool) -> None:
    found, head = _with_head()
    embeddings, labels = found.embeddings, found.labels
    if positive:
        embeddings = abs(embeddings)
    expected = np.zeros((4, 4))
    for i, own in enumerate(labels):
        mates = (labels == own) & (np.arange(len(labels)) != i)
        mean = embeddings[mates].mean(axis=0) if mates.any() else embeddings[i]
        moved = mean + 2 * (embeddings[i] - mean)
        if positive:
            moved = np.maximum(moved, 0)
        for place in (embeddings[i], moved):
            expected[own] += softmax(place @ head.weight.T + head.bias)
    np.fill_diagonal(expected, 0)
    assert expected.max() > 1
    np.testing.assert_allclose(spread_errors(embeddings, labels, head), expected, atol=1e-4)


def test_a_moved_embedding_beyond_the_range_of_numbers_stays_within() -> None:
    embeddings = np.array([[3e38], [-3e38], [1.0]], dtype=np.float32)
    found = spread_errors(embeddings, np.array([0, 0, 1]), Head([[1e-38], [-1e-38]]))
    assert np.isfinite(found).all()


def test_the_default_is_the_best_that_the_analysis_allows() -> None:
    found, head = _with_head()
    pd.testing.assert_frame_equal(found.forecast(), found.forecast("spread"))
    outputs = head.logits(found.embeddings)
    without = Analysis.from_arrays(found.embeddings, found.labels, outputs)
    pd.testing.assert_frame_equal(without.forecast(), without.forecast("softmax and errors"))
    bare = Analysis.from_arrays(found.embeddings, found.labels, outputs.argmax(axis=1))
    pd.testing.assert_frame_equal(bare.forecast(), bare.forecast("training errors"))
    headed = Analysis.from_arrays(found.embeddings, found.labels, outputs.argmax(axis=1), head=head)
    pd.testing.assert_frame_equal(headed.forecast(), found.forecast("spread"))
    with pytest.raises(ValueError, match="needs the head"):
        without.forecast("spread")
    quality = found.forecast_quality(average=True)
    assert quality.at["spread", "excess"] == 0  # the reference is the default, too
    assert quality.at["votes", "excess"] == pytest.approx(
        quality.at["votes", "kl"] - quality.at["spread", "kl"]
    )


def test_errors_are_trusted_as_far_as_they_differ_from_what_is_expected() -> None:
    """With many errors in each row, the mixture is near the one or the other."""
    rng = np.random.default_rng(0)
    size = 12
    expected = rng.dirichlet(np.full(size - 1, 0.5), size)
    expected = np.stack([np.insert(row, i, 0) for i, row in enumerate(np.maximum(expected, 1e-3))])
    expected /= expected.sum(axis=1, keepdims=True)
    other = np.stack([np.insert(rng.dirichlet(np.full(size - 1, 0.5)), i, 0) for i in range(size)])
    for truth, nearer in ((expected, True), (other, False)):
        errors = np.stack([rng.multinomial(60, row) for row in truth]).astype(float)
        found = backed_off(errors, expected)
        np.testing.assert_allclose(found.sum(axis=1), 1)
        gaps = [abs(found - wanted).sum() for wanted in (expected, errors / 60)]
        assert bool(gaps[0] < gaps[1]) is nearer
    none = backed_off(np.zeros((size, size)), expected)
    np.testing.assert_allclose(none, expected)


def test_quality_is_the_divergence_of_the_validation_errors(analysis: Analysis) -> None:
    errors = analysis.validation_errors()
    quality = analysis.forecast_quality(reference="votes")
    kinds = quality.index.unique("forecast").drop("random")
    for kind in kinds:
        forecast = analysis.forecast(kind)
        for name in analysis.class_names[:3]:
            row = quality.loc[(name, kind)]
            truth, guess = errors["share"].loc[name], forecast.loc[name]
            others = [other for other in analysis.class_names if other != name]
            kl = entropy(truth[others], guess[others])
            assert row["errors"] == errors.loc[name, ("support", "errors")]
            assert row["kl"] == pytest.approx(kl)
            assert row["js"] == pytest.approx(jensenshannon(truth[others], guess[others]) ** 2)
            assert row["excess"] == pytest.approx(kl - quality.loc[(name, "votes"), "kl"])
    assert quality.loc["c3"].drop(columns="errors").isna().all(axis=None)  # it has no images
    assert (quality.loc["c3", "errors"] == 0).all()
    average = analysis.forecast_quality(average=True, reference="votes")
    for column in ("kl", "js", "floor", "excess"):
        means = quality[column].groupby("forecast", sort=False).mean()
        np.testing.assert_allclose(average[column], means, atol=1e-12)


def test_random_forecasts_have_the_divergences_of_draws(analysis: Analysis) -> None:
    quality = analysis.forecast_quality()
    truth = analysis.validation_errors()["share"].loc["c0"].to_numpy()[1:]
    draws = np.random.default_rng(1).dirichlet(np.ones(3), 20000)
    for column, divergence in (("kl", kl_divergence), ("js", js_divergence)):
        drawn = divergence(truth, draws).mean()
        assert quality.loc[("c0", "random"), column] == pytest.approx(drawn, abs=0.05)


def test_votes_win_where_validation_errs_as_training_does() -> None:
    found = planted((np.arange(6) + 1) % 6)
    quality = found.forecast_quality(average=True, reference="votes")
    simple = ["uniform", "priors", "popularity", "random"]
    assert quality.loc["votes", "kl"] < 0.6
    assert (quality.loc[simple, "excess_low"] > 0.5).all()


def test_votes_lose_where_validation_errs_in_another_way() -> None:
    quality = planted((np.arange(6) + 3) % 6).forecast_quality(reference="votes")
    for name, table in quality.groupby("class", sort=False):
        assert table.droplevel("class").loc["uniform", "excess_high"] < 0, name


def test_few_errors_have_no_intervals(analysis: Analysis) -> None:
    quality = analysis.forecast_quality()
    few = quality[(quality["errors"] > 0) & (quality["errors"] < 5)]
    assert len(few)
    assert few[["kl", "js", "floor", "excess"]].notna().all(axis=None)
    assert few[["excess_low", "excess_high", "excess_p"]].isna().all(axis=None)


def test_predictions_alone_forecast_without_probabilities(analysis: Analysis) -> None:
    held_out = analysis.validation
    assert held_out is not None
    bare = Analysis.from_arrays(
        analysis.embeddings,
        analysis.labels,
        analysis.predictions,
        validation=(analysis.embeddings[: len(held_out)], held_out.labels, held_out.predictions),
        class_names=analysis.class_names,
    )
    kinds = bare.forecast_quality().index.unique("forecast")
    assert not {"softmax", "combined", "softmax and errors", "spread"} & set(kinds)
    assert {"votes", "training errors", "random"} < set(kinds)
    with pytest.raises(ValueError, match="needs the probabilities"):
        bare.forecast("softmax")
    with pytest.raises(ValueError, match="reference must be one of votes, "):
        bare.forecast_quality(reference="combined")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reference": "vote"}, "reference must be one of votes"),
        ({"smoothing": 0}, "smoothing must be a number above 0"),
        ({"level": 95}, "level must lie between 0 and 1"),
        ({"groups": ["one"]}, "groups must be 51, one entry an image, not 1"),
    ],
)
def test_wrong_arguments_are_named(
    analysis: Analysis, options: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        analysis.forecast_quality(**options)  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore:for .* equally near:UserWarning")
def test_what_is_missing_is_said(analysis: Analysis) -> None:
    with pytest.raises(ValueError, match="kind must be one of votes"):
        analysis.forecast("tea leaves")
    with pytest.raises(ValueError, match="give `validation=`"):
        small_analysis.make_analysis(validation=False).forecast_quality()
    single = Analysis.from_arrays(np.eye(3), [0, 0, 0], [0, 0, 0], class_names=["a"], k=1)
    with pytest.raises(ValueError, match="at least two classes"):
        single.forecast()


@pytest.mark.filterwarnings("ignore:for .* equally near:UserWarning")
def test_neighbors_beyond_the_range_of_distances_weigh_alike() -> None:
    embeddings = np.zeros((12, 2), dtype=np.float32)
    embeddings[0] = 3e38
    labels = np.array([0, 0, *[1] * 10])
    logits = np.eye(3)[np.ones(12, dtype=int)]
    found = Analysis.from_arrays(embeddings, labels, logits, k=5)
    assert found.forecast("distance votes").loc["0"].idxmax() == "1"

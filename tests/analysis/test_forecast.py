"""Forecasts of validation errors: against definitions, other libraries, and planted truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import small_analysis
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy
from small_analysis import planted

from imbxai_widgets import Analysis
from imbxai_widgets.compute.methods.divergence import js_divergence, kl_divergence
from imbxai_widgets.compute.methods.fisher import fisher_ratios
from imbxai_widgets.compute.methods.forecast import KINDS
from imbxai_widgets.compute.methods.forecast_quality import interval, measure

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
    expected = {kind: np.ones((size, size)) for kind in KINDS}
    for i, own in enumerate(analysis.labels):
        for rank in range(analysis.k):
            distance = train.neighbor_distances[i]
            expected["all votes"][own, near[i, rank]] += 1
            expected["distance votes"][own, near[i, rank]] += distance[0] / distance[rank]
            if train.predictions[i] != own:
                expected["votes"][own, near[i, rank]] += 1
                if near[i, rank] != own:
                    expected["popularity"][:, near[i, rank]] += 1
        expected["priors"][:, own] += 1
        for place, probability in zip(
            train.top.classes[i], train.top.probabilities[i], strict=True
        ):
            expected["softmax"][own, place] += probability
    for kind in ("votes", "all votes", "distance votes", "softmax", "popularity", "priors"):
        np.fill_diagonal(expected[kind], 0)
        shares = expected[kind] / expected[kind].sum(axis=1, keepdims=True)
        np.testing.assert_allclose(analysis.forecast(kind), shares, atol=1e-6)
    parts = [analysis.forecast(kind) for kind in ("softmax", "popularity")]
    np.testing.assert_allclose(analysis.forecast("combined"), sum(parts) / 2)
    ratios = fisher_ratios(analysis.embeddings, analysis.labels, size)
    fisher = analysis.forecast("fisher")
    assert fisher.iloc[0, 1] / fisher.iloc[0, 2] == pytest.approx(ratios[0, 2] / ratios[0, 1])
    assert fisher.iloc[0, 3] == pytest.approx(fisher.iloc[0, 1:3].mean())  # nothing is known of it


def test_quality_is_the_divergence_of_the_validation_errors(analysis: Analysis) -> None:
    errors = analysis.validation_errors()
    quality = analysis.forecast_quality(replicates=20, draws=50)
    for kind in KINDS:
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


def test_random_draws_have_the_divergence_that_is_known(analysis: Analysis) -> None:
    """For C - 1 = 3 other classes: E[-ln of a Dirichlet share] is 1 + 1/2."""
    quality = analysis.forecast_quality(replicates=0, draws=1000)
    truth = analysis.validation_errors()["share"].loc["c0"]
    expected = 1.5 - entropy(truth)
    assert quality.loc[("c0", "random"), "kl"] == pytest.approx(expected, abs=0.1)


def test_votes_win_where_validation_errs_as_training_does() -> None:
    quality = planted((np.arange(6) + 1) % 6).forecast_quality(average=True, replicates=200)
    simple = ["uniform", "priors", "popularity", "random"]
    assert quality.loc["votes", "kl"] < 0.6
    assert (quality.loc[simple, "excess_low"] > 0.5).all()


def test_votes_lose_where_validation_errs_in_another_way() -> None:
    quality = planted((np.arange(6) + 3) % 6).forecast_quality(replicates=200)
    for name, table in quality.groupby("class", sort=False):
        found = table.droplevel("class")
        assert found.loc["uniform", "excess_high"] < 0, name
        assert found.loc["split half", "kl"] < found.loc["votes", "kl"]


def test_intervals_hold_the_estimate_and_narrow_with_more_images() -> None:
    few, many = (
        small_analysis.make_analysis((60 * n, 30 * n, 24 * n), images=False) for n in (1, 8)
    )
    widths = []
    for analysis in (few, many):
        quality = analysis.forecast_quality(replicates=300).drop("split half", level="forecast")
        for value in ("kl", "js", "excess"):
            low, high = quality[f"{value}_low"], quality[f"{value}_high"]
            known = low.notna()
            assert known.sum() >= 20
            assert (low <= quality[value])[known].all()
            assert (quality[value] <= high)[known].all()
        widths.append((quality["excess_high"] - quality["excess_low"]).mean())
    assert widths[1] < 0.6 * widths[0]


def test_intervals_cover_the_excess_of_many_more_images() -> None:
    """Of two forecasts as they are, over validation sets of 60 images with some 30 errors."""
    base = planted((np.arange(6) + 1) % 6)
    forecasts = {kind: base.forecast(kind).to_numpy() for kind in ("uniform", "votes")}
    errors = np.array([0.4, 0.1, 0.3, 0.1, 0.1])
    truth = float(errors @ np.log(forecasts["votes"][0, 1:] / forecasts["uniform"][0, 1:]))
    rng = np.random.default_rng(0)
    options = {"reference": "votes", "smoothing": 1.0, "replicates": 200, "draws": 1}
    covered = []
    for seed in range(100):
        confusion = np.zeros((6, 6), dtype=np.int64)
        confusion[0] = rng.multinomial(60, [0.5, *(errors / 2)])
        found = measure(confusion, forecasts, seed=seed, **options)["uniform"]
        low, high = interval(found, 0.95)[:, 2, 0]
        covered.append(low <= truth <= high)
    assert 0.87 <= np.mean(covered) < 1


def test_few_errors_have_no_intervals(analysis: Analysis) -> None:
    quality = analysis.forecast_quality(replicates=50)
    few = quality[(quality["errors"] > 0) & (quality["errors"] < 5)]
    assert len(few)
    assert few["kl"].drop("split half", level="forecast").notna().all()
    assert few[["kl_low", "excess_high"]].isna().all(axis=None)


def test_the_same_seed_gives_the_same_table(analysis: Analysis) -> None:
    one, two, other = (analysis.forecast_quality(replicates=30, seed=s) for s in (1, 1, 2))
    pd.testing.assert_frame_equal(one, two)
    assert not one.equals(other)


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
    kinds = bare.forecast_quality(replicates=0).index.unique("forecast")
    assert not {"softmax", "combined"} & set(kinds)
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
        ({"replicates": -1}, "replicates must be a whole number of at least 0"),
        ({"draws": 0}, "draws must be a whole number of at least 1"),
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

"""Outputs to act on: planted wrong labels come first; plans and costs do what they say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import small_analysis
import torch
from benchmarks.emoji_runs import flip_labels

from imbxai_widgets import Analysis, analyze
from imbxai_widgets.compute.methods.suspects import label_odds
from imbxai_widgets.compute.numeric.probabilities import TopProbabilities
from imbxai_widgets.demo import load_demo


@pytest.fixture(scope="module")
def emoji() -> Analysis:
    model, train, validation = load_demo()
    return analyze(model, train, validation=validation, salient_fraction=None, progress=False)


def with_labels(analysis: Analysis, labels: np.ndarray) -> Analysis:
    """Return the analysis of the same network on the same images under other labels."""
    order = np.argsort(analysis.train.top.classes, axis=1)
    probabilities = np.take_along_axis(analysis.train.top.probabilities, order, axis=1)
    return Analysis.from_arrays(
        analysis.embeddings, labels, probabilities, class_names=analysis.class_names
    )


@pytest.fixture(scope="module", params=[0, 1])
def flipped(emoji: Analysis, request: pytest.FixtureRequest) -> tuple[Analysis, np.ndarray]:
    """The emoji with 5% of the labels wrong, and which."""
    labels, wrong = flip_labels(emoji.labels, emoji.n_classes, 0.05, request.param)
    return with_labels(emoji, labels), wrong


def test_planted_wrong_labels_come_first(
    emoji: Analysis, flipped: tuple[Analysis, np.ndarray]
) -> None:
    analysis, wrong = flipped
    table = analysis.suspects()
    first = table.index[: wrong.sum()]
    assert wrong[first].mean() > 0.9
    names = np.asarray(emoji.class_names, dtype=object)
    right = table.loc[first[wrong[first]], "suggested"]
    assert (right == names[emoji.labels[right.index]]).mean() > 0.9
    assert (
        table.loc[table["score"] > 0.5].index.isin(np.flatnonzero(wrong))
    ).sum() > 0.95 * wrong.sum()


def test_the_tail_floods_the_list_the_less_the_higher_the_power(
    flipped: tuple[Analysis, np.ndarray],
) -> None:
    analysis, wrong = flipped
    small = ("Clothing", "Sky", "Plants")
    floods = []
    for power in (0.0, 1.0, 2.0):
        table = analysis.suspects(prior_power=power)
        false = table.index[: 2 * wrong.sum()]
        false = false[~wrong[false]]
        floods.append(table.loc[false, "label"].isin(small).mean())
    assert floods[0] > floods[1] > floods[2]


def test_every_column_of_suspects_says_what_it_should(emoji: Analysis) -> None:
    table = emoji.suspects()
    assert sorted(table.index) == list(range(len(emoji.train)))
    for image in (table.index[0], table.index[700], table.index[-1]):
        row = table.loc[image]
        near = [emoji.class_names[emoji.labels[n]] for n in emoji.neighbors[image]]
        assert row["label"] == emoji.class_names[emoji.labels[image]]
        assert row["neighbors_same"] == near.count(row["label"])
        assert row["neighbors_suggested"] == near.count(row["suggested"])
        assert row["label_confidence"] == emoji.train.top.of_labels[image]


def test_odds_agree_with_the_formula() -> None:
    analysis = small_analysis.make_analysis((30, 15, 6, 0), images=False)
    near, top, size = analysis.labels[analysis.neighbors], analysis.train.top, analysis.n_classes
    found, odds = label_odds(analysis.labels, near, top, size, prior_power=0.7)
    priors = np.maximum(np.bincount(analysis.labels, minlength=size), 1) / len(analysis.labels)
    for i, own in enumerate(analysis.labels):
        p = dict(zip(top.classes[i].tolist(), top.probabilities[i].tolist(), strict=True))
        evidence = {
            j: (p[j] + 0.001) * ((near[i] == j).sum() + priors[j]) / 6 / priors[j] ** 0.7
            for j in range(size)
        }
        best = max((j for j in range(size) if j != own), key=evidence.__getitem__)
        assert found[i] == best
        assert odds[i] == pytest.approx(np.log(evidence[best] / evidence[own]), abs=1e-5)


def test_classes_beyond_the_largest_probabilities_share_what_is_left() -> None:
    """A label whose probability is not among the kept ones has it all the same."""
    top = TopProbabilities(
        np.array([[2, 1]]), np.array([[0.6, 0.1]], np.float32), np.array([0.3], np.float32)
    )
    (alternative,), (odds,) = label_odds([0], [[2, 2]], top, 4, prior_power=0)
    assert alternative == 2
    assert odds == pytest.approx(np.log(0.601 * 3 / (0.301 * 1)), abs=1e-6)


def test_neighbors_alone_rank_where_probabilities_are_unknown(emoji: Analysis) -> None:
    labels, wrong = flip_labels(emoji.labels, emoji.n_classes, 0.05, 0)
    bare = Analysis.from_arrays(emoji.embeddings, labels, emoji.predictions)
    table = bare.suspects()
    assert wrong[table.index[: wrong.sum()]].mean() > 0.6
    assert table["label_confidence"].isna().all()


def test_plans_feed_the_sampler_of_torch(emoji: Analysis) -> None:
    plan = emoji.resampling_plan(safe=0.5, border=3.0, rare=2.0, outlier=0.0, balance=0.5)
    assert plan.sum() == pytest.approx(len(emoji.train))
    sampler = torch.utils.data.WeightedRandomSampler(
        plan.tolist(), 200_000, generator=torch.Generator().manual_seed(0)
    )
    drawn = np.bincount(list(sampler), minlength=len(plan)) * len(plan) / 200_000
    for code, factor in ((0, 0.5), (1, 3.0), (2, 2.0), (3, 0.0)):
        mine = (emoji.labels == 3) & (emoji.archetypes == code)
        base = (emoji.labels == 3) & (emoji.archetypes == 0)
        assert drawn[mine].mean() / drawn[base].mean() == pytest.approx(factor / 0.5, abs=0.25)
    sizes = np.bincount(emoji.labels)
    totals = np.bincount(emoji.labels, drawn)
    np.testing.assert_allclose(totals / totals[0], np.sqrt(sizes / sizes[0]), rtol=0.1)


def test_plans_skip_images_that_could_not_be_read() -> None:
    analysis = small_analysis.make_analysis((9, 6), images=False)
    positions = np.delete(np.arange(17), [4, 11])
    gaps = replace(
        analysis,
        train=replace(analysis.train, positions=positions, skipped=(None, None)),  # type: ignore[arg-type]
    )
    plan = gaps.resampling_plan()
    assert len(plan) == 17
    assert (plan[[4, 11]] == 0).all()
    np.testing.assert_array_equal(plan[positions], analysis.resampling_plan())


def test_costs_are_highest_between_classes_that_share_features() -> None:
    """Classes 0 and 1 respond in the same two features, 2 and 3 in features of their own."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), [40, 10, 40, 10])
    embeddings = rng.random((100, 8)) * 0.1
    for label, features in enumerate(([0, 1], [0, 1], [2, 3], [4, 5])):
        embeddings[np.ix_(labels == label, features)] += 1
    analysis = Analysis.from_arrays(embeddings, labels, labels, top_k=2)
    costs = analysis.class_cost_matrix(strength=3.0, imbalance=0.5)
    assert costs.loc["0", "1"] == 4
    assert costs.loc["1", "0"] == 8
    assert costs.loc["3", "2"] == costs.loc["3", "0"] == 2
    assert costs.loc["2", "3"] == 1
    assert (np.diag(costs) == 0).all()


def test_expected_costs_give_small_classes_their_images(emoji: Analysis) -> None:
    held_out = emoji.validation
    assert held_out is not None
    order = np.argsort(held_out.top.classes, axis=1)
    probabilities = np.take_along_axis(held_out.top.probabilities, order, axis=1)
    cheapest = (probabilities @ emoji.class_cost_matrix(imbalance=1).to_numpy()).argmin(axis=1)
    small = emoji.classes()["images"].to_numpy()[held_out.labels] < 100
    hits = cheapest == held_out.labels
    assert hits[small].mean() > held_out.correct[small].mean() + 0.05


def test_costs_by_size_alone_are_logit_adjustment(emoji: Analysis) -> None:
    held_out = emoji.validation
    assert held_out is not None
    logits = held_out.logits().astype(np.float64)
    probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    sizes = np.bincount(emoji.labels)
    for tau in (0.0, 0.5, 1.0):
        costs = emoji.class_cost_matrix(imbalance=tau).to_numpy()
        adjusted = (logits - tau * np.log(sizes)).argmax(axis=1)
        np.testing.assert_array_equal((probabilities @ costs).argmin(axis=1), adjusted)
    assert (adjusted != held_out.predictions).any()


@pytest.mark.parametrize(
    ("method", "options", "message"),
    [
        ("suspects", {"prior_power": -1}, "prior_power must be a number of at least 0"),
        ("resampling_plan", {"safe": -0.5}, "safe must be a number of at least 0"),
        ("resampling_plan", {"balance": 2}, "balance must lie between 0 and 1"),
        ("resampling_plan", dict.fromkeys(("safe", "border", "rare", "outlier"), 0), "no image"),
        ("class_cost_matrix", {"strength": float("nan")}, "strength must be a number"),
        ("class_cost_matrix", {"imbalance": -1}, "imbalance must be a number"),
    ],
)
def test_wrong_arguments_are_named(method: str, options: dict[str, float], message: str) -> None:
    analysis = small_analysis.make_analysis(images=False)
    with pytest.raises(ValueError, match=message):
        getattr(analysis, method)(**options)


@pytest.mark.filterwarnings("ignore:for .* equally near:UserWarning")
def test_one_class_has_no_other_label() -> None:
    single = Analysis.from_arrays(np.eye(3), [0, 0, 0], [0, 0, 0], class_names=["a"], k=1)
    with pytest.raises(ValueError, match="no other label"):
        single.suspects()
    assert single.class_cost_matrix().to_numpy().tolist() == [[0.0]]


def test_the_page_on_forecasts_tells_what_is_computed(emoji: Analysis) -> None:
    page = (Path(__file__).parents[2] / "docs" / "forecast.md").read_text(encoding="utf-8")
    kinds = ["votes", "training errors", "softmax", "combined", "spread", "popularity", "uniform"]
    quality = emoji.forecast_quality()
    divergences = quality["kl"].unstack("forecast", sort=False)[kinds]
    of_classes = quality.xs("spread", level="forecast")
    for name, row in divergences.iterrows():
        figures = " | ".join(f"{kl:.2f}" for kl in (of_classes.at[name, "floor"], *row))
        assert f"| {name} | {of_classes.at[name, 'errors']} | {figures} |" in page

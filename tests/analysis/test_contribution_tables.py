"""Contributions of features, of both embedded networks and where there is no head."""

from __future__ import annotations

import numpy as np
import pytest

from imbxai_widgets import Analysis, analyze
from imbxai_widgets.analysis import Head
from imbxai_widgets.compute.methods.contributions import mean_inputs, separating_terms
from imbxai_widgets.demo import load_demo


@pytest.fixture(scope="module", params=["ce", "ldam"])
def network(request: pytest.FixtureRequest) -> Analysis:
    model, train, validation = load_demo(request.param)
    return analyze(model, train, validation=validation, salient_fraction=None, progress=False)


def made(head: Head | None) -> Analysis:
    rng = np.random.default_rng(4)
    labels = np.repeat([0, 1, 2], [30, 20, 10])
    embeddings = (rng.normal(size=(60, 5)) + 2 * np.eye(5)[labels]).astype(np.float32)
    known = head or Head(np.eye(4, 5))
    outputs = known.logits(embeddings)
    names = ["a", "b", "c", "none"]
    return Analysis.from_arrays(embeddings, labels, outputs, class_names=names, head=head, top_k=3)


def test_they_add_up_to_the_mean_logits(network: Analysis) -> None:
    logits = network.train.logits()
    for index, name in enumerate(network.class_names):
        own = logits[network.labels == index].astype(np.float64)
        for to, other in ((None, index), ("Sky", network.class_index("Sky"))):
            table = network.feature_contributions(name, to)
            off = table["contribution"].sum() - own[:, other].mean()
            assert abs(off) <= 1e-5 * np.ptp(own)
            product = table["weight"] * table["mean"]
            np.testing.assert_allclose(product[:-1], table["contribution"][:-1], rtol=1e-12)
            assert table["contribution"][:-1].is_monotonic_decreasing
            assert sorted(table.index[:-1]) == list(range(network.embeddings.shape[1]))
            assert table.index[-1] == "bias"


def test_those_of_an_image_add_up_to_its_two_logits(network: Analysis) -> None:
    assert network.validation is not None
    for split, images in (("training", network.train), ("validation", network.validation)):
        rows = np.flatnonzero(~images.correct)[:5]
        logits = images.logits(rows).astype(np.float64)
        for row, own in zip(rows, logits, strict=True):
            table = network.image_contributions(int(row), split)
            total, within = table.sum(), 1e-5 * np.ptp(own)
            assert abs(total["predicted"] - own[images.predictions[row]]) <= within
            assert abs(total["label"] - own[images.labels[row]]) <= within
            assert table["predicted"][:-1].is_monotonic_decreasing
            values = table["value"][:-1].sort_index()
            assert images.embeddings is not None
            assert values.tolist() == images.embeddings[row].tolist()


def test_images_are_sorted_by_contribution_not_by_activation(network: Analysis) -> None:
    assert network.head is not None
    index, feature = network.class_index("Plants"), 0
    table = network.feature_images("Plants", feature)
    rows = np.flatnonzero(network.labels == index)
    weight, inputs = network.head.weight[index].astype(float), network.embeddings[rows]
    if network.head.normalized:
        weight = weight / np.linalg.norm(weight)
        inputs = inputs / np.linalg.norm(inputs.astype(float), axis=1, keepdims=True)
    terms = network.head.scale * weight[feature] * inputs[:, feature].astype(float)
    order = np.argsort(-terms, kind="stable")
    assert table["row"].tolist() == rows[order].tolist()
    np.testing.assert_allclose(table["contribution"], terms[order], rtol=1e-6)
    assert table["value"].tolist() == network.embeddings[rows[order], feature].tolist()
    assert table["label"].eq("Plants").all()
    assert network.feature_images("Plants", feature, limit=3).equals(table.head(3))


def test_where_a_weight_is_below_zero_the_smallest_feature_comes_first() -> None:
    analysis = made(Head(-np.eye(4, 5)))
    values = analysis.feature_images("a", 0)["value"]
    assert values.is_monotonic_increasing


def test_the_histogram_counts_every_image_once(network: Analysis) -> None:
    table = network.feature_histogram(7, "Plants", "Animals", bins=9)
    values = network.embeddings[:, 7].astype(np.float64)
    plants = network.labels == network.class_index("Plants")
    animals = network.labels == network.class_index("Animals")
    assert (table["low"][0], table["high"][8]) == (values.min(), values.max())
    for column, rows in (("here", plants), ("there", animals), ("elsewhere", ~plants & ~animals)):
        expected = [
            int(((values[rows] >= low) & ((values[rows] < high) | (at == 8))).sum())
            for at, (low, high) in enumerate(zip(table["low"], table["high"], strict=True))
        ]
        assert table[column].tolist() == expected
        assert sum(expected) == rows.sum()
    alone = network.feature_histogram(7, "Plants", bins=9)
    assert alone["there"].sum() == 0
    assert alone["elsewhere"].tolist() == (table["there"] + table["elsewhere"]).tolist()


def test_the_overlap_says_what_part_of_the_difference_is_shared(network: Analysis) -> None:
    assert network.head is not None
    means = mean_inputs(network.embeddings, network.labels, network.head)
    for name in ("Plants", "Faces"):
        table = network.feature_overlap(name)
        for other, row in table.iterrows():
            if not row["shared"]:
                assert np.isnan(row["share_apart"])
                continue
            terms = separating_terms(
                network.head, means, network.class_index(name), network.class_index(str(other))
            )
            wanted = terms[list(row["features"])].sum() / terms.sum()
            assert row["share_apart"] == pytest.approx(wanted, rel=1e-12)
            there = network.feature_overlap(str(other)).loc[name, "share_apart"]
            assert there == pytest.approx(row["share_apart"], rel=1e-12)


def test_a_class_without_images_has_none() -> None:
    analysis = made(Head(np.eye(4, 5), bias=np.ones(4)))
    assert analysis.feature_contributions("none")["contribution"].isna().all()
    assert not analysis.feature_contributions("a", to="none").isna()["contribution"].any()
    assert analysis.feature_images("none", 0).empty


def test_without_a_head_contributions_are_refused_and_images_sorted_by_size() -> None:
    analysis = made(None)
    for ask in (
        lambda: analysis.feature_contributions("a"),
        lambda: analysis.image_contributions(0),
    ):
        with pytest.raises(ValueError, match=r"the analysis has no head: .* give head"):
            ask()
    table = analysis.feature_images("b", 2)
    assert table["contribution"].isna().all()
    assert table["value"].abs().is_monotonic_decreasing
    assert (table["value"] < 0).any()
    assert analysis.feature_overlap("a")["share_apart"].isna().all()


def test_what_is_not_there_is_refused() -> None:
    analysis = made(Head(np.eye(4, 5)))
    with pytest.raises(ValueError, match=r"feature must lie in 0\.\.4, but holds 5"):
        analysis.feature_images("a", 5)
    with pytest.raises(ValueError, match=r"row must lie in 0\.\.59, but holds -1"):
        analysis.image_contributions(-1)
    with pytest.raises(ValueError, match="the other class must be another than 'a'"):
        analysis.feature_histogram(0, "a", "a")
    with pytest.raises(ValueError, match="There is no class 'z'"):
        analysis.feature_contributions("a", to="z")

"""The rows of each class, and the tables made of them, against counting image by image."""

from __future__ import annotations

import gc
import weakref
from collections import Counter
from typing import Any

import numpy as np
import pytest
from analysis_cases import Case, cases
from hypothesis import given
from small_analysis import make_analysis

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.analysis.rows import ClassRows
from imbxai_widgets.compute.methods.archetypes import ARCHETYPES
from imbxai_widgets.compute.methods.overlap import top_features
from imbxai_widgets.compute.methods.pairs import PairCounts

SIZES = (40, 20, 8, 0, 15)
# Drawn embeddings may be the same.
pytestmark = pytest.mark.filterwarnings("ignore:for .* equally near:UserWarning")


@pytest.fixture(scope="module", params=[0, 1, 2])
def analysis(request: pytest.FixtureRequest) -> Analysis:
    return make_analysis(SIZES, seed=request.param)


def votes_of(analysis: Analysis, index: int, *, errors: bool = True) -> Counter[int]:
    """Count the other classes among the neighbors of a class's training images, or errors."""
    train = analysis.train
    return Counter(
        int(train.labels[neighbor])
        for image in range(len(train))
        if train.labels[image] == index and (train.predictions[image] != index or not errors)
        for neighbor in train.neighbors[image]
        if train.labels[neighbor] != index
    )


def mistakes_of(analysis: Analysis, index: int, direction: str = "rows") -> Counter[int]:
    """Count what the validation images of a class are taken for, or what is taken for it."""
    held_out = analysis.validation
    assert held_out is not None
    pairs = zip(held_out.labels.tolist(), held_out.predictions.tolist(), strict=True)
    mine, other = (0, 1) if direction == "rows" else (1, 0)
    return Counter(pair[other] for pair in pairs if pair[mine] == index != pair[other])


def assert_counts(pairs: PairCounts, index: int, expected: Counter[int]) -> None:
    others, shares = pairs.shares(index)
    total = sum(expected.values())
    assert dict(zip(others.tolist(), shares.tolist(), strict=True)) == {
        other: number / total for other, number in expected.items()
    }
    assert pairs.totals[index] == total


def assert_table(table: Any, support: str, index: int, expected: Counter[int]) -> None:
    total = sum(expected.values())
    shares = [expected[other] / max(total, 1) for other in range(len(table))]
    assert table["share"].iloc[index].tolist() == shares
    assert table["support", support].iloc[index] == total


@given(case=cases())
def test_votes_and_errors_are_counts(case: Case) -> None:
    analysis = case.analysis()
    rows = analysis.rows
    one, every = analysis.adversaries(), analysis.adversaries("all")
    for index in range(analysis.n_classes):
        assert_counts(rows.votes, index, votes_of(analysis, index))
        assert_counts(rows.all_votes, index, votes_of(analysis, index, errors=False))
        assert_table(one, "votes", index, votes_of(analysis, index))
        assert_table(every, "votes", index, votes_of(analysis, index, errors=False))
    if analysis.validation is None:
        assert rows.validation_errors is rows.false_positives is rows.validation_groups is None
        return
    assert rows.validation_errors is not None
    assert rows.false_positives is not None
    tables = [analysis.validation_errors("rows"), analysis.validation_errors("columns")]
    for index in range(analysis.n_classes):
        for pairs, table, direction in zip(
            (rows.validation_errors, rows.false_positives), tables, ("rows", "columns"), strict=True
        ):
            assert_counts(pairs, index, mistakes_of(analysis, index, direction))
            assert_table(table, "errors", index, mistakes_of(analysis, index, direction))


@given(case=cases())
def test_members_are_the_images_of_a_class(case: Case) -> None:
    analysis = case.analysis()
    labels, archetypes = analysis.labels.tolist(), analysis.archetypes.tolist()
    for index, name in enumerate(analysis.class_names):
        mine = [image for image, label in enumerate(labels) if label == index]
        assert analysis.rows.members(index).tolist() == analysis.members(name).tolist() == mine
        assert analysis.rows.sizes[index] == len(mine)
        for number, archetype in enumerate(ARCHETYPES):
            expected = [image for image in mine if archetypes[image] == number]
            assert analysis.rows.members(index, number).tolist() == expected
            assert analysis.members(name, archetype).tolist() == expected
    sizes = Counter(labels)
    order = sorted(range(analysis.n_classes), key=lambda index: (-sizes[index], index))
    assert analysis.rows.by_size.tolist() == order


def tops_of(analysis: Analysis) -> list[dict[int, float]]:
    """The share of each top feature of each class, the largest first."""
    indices, shares = top_features(
        analysis.embeddings, analysis.labels, analysis.n_classes, analysis.top_k
    )
    return [
        {f: s for f, s in zip(*pair, strict=True) if f >= 0}
        for pair in zip(indices.tolist(), shares.tolist(), strict=True)
    ]


@given(case=cases())
def test_features_are_those_of_the_sets(case: Case) -> None:
    assert_features(case.analysis())


def test_many_features_are_those_of_the_sets() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 12, 90)
    embeddings = rng.gamma(1.0, size=(90, 300))
    embeddings[:, ::40] += 3  # eight of them are top features of every class
    assert_features(Analysis.from_arrays(embeddings, labels, labels, k=1, top_k=11))


def assert_features(analysis: Analysis) -> None:
    rows, tops, matrix = analysis.rows, tops_of(analysis), analysis.overlap().to_numpy()
    for index, (name, mine) in enumerate(zip(analysis.class_names, tops, strict=True)):
        holders = Counter(feature for top in tops for feature in top)
        expected = [(feature, share, holders[feature] - 1) for feature, share in mine.items()]
        assert rows.top_features(index) == expected
        table = analysis.top_features(name)
        assert list(table.itertuples(name=None)) == expected

        common = [sorted(mine.keys() & top.keys()) for top in tops]
        assert matrix[index].tolist() == [len(each) for each in common]
        numbers = [0 if other == index else len(each) for other, each in enumerate(common)]
        assert rows.shared_counts(index).tolist() == numbers
        found, sharing = rows.feature_overlap(index, analysis.n_classes)
        assert sharing == len(found) == np.count_nonzero(numbers)
        for row in found:
            theirs = tops[row.index]
            assert row.features == common[row.index]
            assert row.jaccard == len(row.features) / len(mine.keys() | theirs.keys())
            assert row.share_here == pytest.approx(sum(mine[f] for f in row.features))
            assert row.share_there == pytest.approx(sum(theirs[f] for f in row.features))
        order = [(-len(row.features), -row.share_here, row.index) for row in found]
        assert order == sorted(order)
        for limit in (0, 1, max(sharing - 1, 0)):
            assert rows.feature_overlap(index, limit) == (found[:limit], sharing)

        table = analysis.feature_overlap(name)
        none = [o for o, number in enumerate(numbers) if not number and o != index]
        classes = [*(row.index for row in found), *none]
        assert table.index.tolist() == [analysis.class_names[other] for other in classes]
        assert table["shared"].tolist() == [numbers[other] for other in classes]
        assert table["features"].tolist() == [tuple(common[other]) for other in classes]
        unions = [len(mine.keys() | tops[other].keys()) for other in classes]
        jaccard = [numbers[o] / u if u else np.nan for o, u in zip(classes, unions, strict=True)]
        np.testing.assert_array_equal(table["jaccard"], jaccard)
        for column in ("share", "share_there"):
            known = [row.share_here if column == "share" else row.share_there for row in found]
            assert table[column].tolist() == known + [0.0] * len(none)


def test_classes_that_share_the_same_features_tie() -> None:
    # Ten features in one order, then in others: added in another order, their sum is another.
    rng = np.random.default_rng(1)
    embeddings = np.array([rng.permutation(np.arange(1, 11) / 10) for _ in range(30)])
    analysis = Analysis.from_arrays(embeddings, np.arange(30), np.arange(30), k=1, top_k=10)
    found, sharing = analysis.rows.feature_overlap(7, 29)
    assert sharing == 29
    assert {row.share_here for row in found} == {found[0].share_here}
    assert [row.index for row in found] == [index for index in range(30) if index != 7]


def test_what_is_returned_can_be_changed(analysis: Analysis) -> None:
    analysis.members("c0")[:] = -1
    analysis.members("c0", "safe")[:] = -1
    analysis.rows.members(0, 0)[:] = -1
    table = analysis.adversaries()
    table.iloc[:, :] = -1
    assert (analysis.members("c0") >= 0).all()
    assert (analysis.members("c0", "safe") >= 0).all()
    assert (analysis.adversaries() >= 0).all(axis=None)


def test_rows_are_made_once_and_go_with_their_analysis() -> None:
    analysis = make_analysis(SIZES, images=False)
    assert analysis.rows is analysis.rows
    assert isinstance(analysis.rows, ClassRows)
    analysis.feature_overlap("c0")
    gone = weakref.ref(analysis)
    gc.disable()
    try:
        del analysis
        assert gone() is None
    finally:
        gc.enable()

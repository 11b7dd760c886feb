"""Rows found one at a time are those of the tables of the whole analysis."""

from __future__ import annotations

import numpy as np
import pytest
from small_analysis import make_analysis

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.analysis.rows import ClassRows
from imbxai_widgets.compute.methods.archetypes import ARCHETYPES
from imbxai_widgets.compute.methods.pairs import PairCounts

SIZES = (40, 20, 8, 0, 15)


@pytest.fixture(scope="module", params=[0, 1, 2])
def analysis(request: pytest.FixtureRequest) -> Analysis:
    return make_analysis(SIZES, seed=request.param)


def table_of(pairs: PairCounts) -> np.ndarray:
    table = np.zeros((len(SIZES), len(SIZES)))
    for index, row in enumerate(table):
        others, shares = pairs.shares(index)
        row[others] = shares
    return table


def test_pairs_are_the_tables_of_confusion(analysis: Analysis) -> None:
    rows = ClassRows(analysis)
    assert rows.validation_errors is not None
    tables = [analysis.adversaries(), analysis.validation_errors()]
    for pairs, table in zip((rows.votes, rows.validation_errors), tables, strict=True):
        shares = table["share"].to_numpy()
        assert table_of(pairs) == pytest.approx(shares)
        some = np.array([4, 0, 3, 1])
        at, others, parts = pairs.parts(some)
        found = np.zeros((len(some), len(SIZES)))
        found[at, others] = parts
        assert found == pytest.approx(shares[some])
        classes, largest = pairs.largest()
        filled = shares.any(axis=1)
        assert (classes[~filled] == -1).all()
        assert (classes[filled] == shares.argmax(axis=1)[filled]).all()
        assert largest == pytest.approx(shares.max(axis=1))
    assert rows.votes.totals.tolist() == tables[0]["support", "votes"].tolist()
    assert rows.validation_errors.totals.tolist() == tables[1]["support", "errors"].tolist()


def test_members_are_those_of_the_analysis(analysis: Analysis) -> None:
    rows = ClassRows(analysis)
    for index, name in enumerate(analysis.class_names):
        for number, archetype in enumerate(ARCHETYPES):
            expected = analysis.members(name, archetype)
            assert rows.members(index, number).tolist() == expected.tolist()


def test_features_are_those_of_the_analysis(analysis: Analysis) -> None:
    rows = ClassRows(analysis)
    for index, name in enumerate(analysis.class_names):
        top = analysis.top_features(name)
        assert rows.top_features(index) == list(top.itertuples(name=None))
        table = analysis.feature_overlap(name)
        table = table[table["shared"] > 0]
        found, sharing = rows.feature_overlap(index, len(SIZES))
        assert sharing == len(table)
        assert [analysis.class_names[row.index] for row in found] == table.index.tolist()
        for row, expected in zip(found, table.itertuples(), strict=True):
            assert tuple(row.features) == expected.features
            numbers = (row.jaccard, row.share_here, row.share_there)
            assert numbers == pytest.approx(
                (expected.jaccard, expected.share, expected.share_there)
            )
        assert rows.feature_overlap(index, 1)[0] == found[:1]


def test_without_validation_there_are_no_errors_of_it() -> None:
    rows = ClassRows(make_analysis(SIZES, validation=False))
    assert rows.validation_errors is None
    assert rows.validation_groups is None


def test_shared_features_are_counted_for_every_class(analysis: Analysis) -> None:
    counts = np.stack([ClassRows(analysis).shared_counts(index) for index in range(len(SIZES))])
    expected = analysis.overlap().to_numpy(copy=True)
    np.fill_diagonal(expected, 0)
    assert counts.tolist() == expected.tolist()

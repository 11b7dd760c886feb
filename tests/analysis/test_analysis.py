"""Every table of `Analysis` against counting by hand, image by image."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import small_analysis
from hypothesis import given, settings
from hypothesis import strategies as st

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.compute.methods.archetypes import ARCHETYPES
from imbxai_widgets.compute.numeric import checks

NAMES = ("ant", "bee", "cat", "empty")


def make_analysis(seed: int) -> Analysis:
    """Return an Analysis of random embeddings; no image belongs to the last class."""
    sizes = 1 + np.random.default_rng(seed).multinomial(57, [0.6, 0.3, 0.1])
    small = small_analysis.make_analysis((*map(int, sizes), 0), seed=seed, images=False)
    return replace(small, class_names=NAMES)


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return make_analysis(0)


seeds = given(seed=st.integers(0, 2**32 - 1))


@seeds
@settings(deadline=None, max_examples=25)
def test_classes_counts_images_errors_and_archetypes(seed: int) -> None:
    analysis = make_analysis(seed)
    table = analysis.classes()
    assert list(table.index) == list(NAMES)
    train, held_out = analysis.train, analysis.validation
    assert held_out is not None
    for c, name in enumerate(NAMES):
        mine = [i for i in range(len(train)) if train.labels[i] == c]
        theirs = [i for i in range(len(held_out)) if held_out.labels[i] == c]
        errors = sum(train.predictions[i] != c for i in mine)
        row = table.loc[name]
        assert row["images"] == len(mine)
        assert row["training_errors"] == errors
        assert row["validation_images"] == len(theirs)
        if mine:
            assert row["training_accuracy"] == pytest.approx(1 - errors / len(mine))
            assert row["imbalance"] == pytest.approx(table["images"].max() / len(mine))
            for a, archetype in enumerate(ARCHETYPES):
                members = sum(train.archetypes[i] == a for i in mine)
                assert row[archetype] == pytest.approx(members / len(mine))
        else:
            assert row[["training_accuracy", "imbalance", *ARCHETYPES]].isna().all()
        if theirs:
            hits = sum(held_out.predictions[i] == c for i in theirs)
            assert row["validation_accuracy"] == pytest.approx(hits / len(theirs))
        else:
            assert math.isnan(row["validation_accuracy"])


@seeds
@settings(deadline=None, max_examples=25)
def test_archetype_rates_agree_with_counting(seed: int) -> None:
    analysis = make_analysis(seed)
    table = analysis.archetype_rates()
    train, held_out = analysis.train, analysis.validation
    assert held_out is not None
    for c, name in enumerate(NAMES):
        size = int((train.labels == c).sum())
        for a, archetype in enumerate(ARCHETYPES):
            row = table.loc[(name, archetype)]
            mine = np.flatnonzero((train.labels == c) & (train.archetypes == a))
            unseen = np.flatnonzero((held_out.labels == c) & (held_out.archetypes == a))
            assert row["images"] == len(mine)
            assert row["validation_images"] == len(unseen)
            if size:
                assert row["share"] == pytest.approx(len(mine) / size)
            if len(mine):
                right = sum(train.predictions[i] == c for i in mine)
                assert row["true_positive_rate"] == pytest.approx(right / len(mine))
            else:
                assert math.isnan(row["true_positive_rate"])
            if len(unseen):
                wrong = sum(held_out.predictions[i] != c for i in unseen)
                assert row["validation_error_rate"] == pytest.approx(wrong / len(unseen))
            else:
                assert math.isnan(row["validation_error_rate"])
        pd.testing.assert_frame_equal(analysis.archetype_rates(name), table.loc[name])


def test_errors_by_archetype_pools_the_classes(analysis: Analysis) -> None:
    table = analysis.errors_by_archetype()
    rates = analysis.archetype_rates()
    for archetype in ARCHETYPES:
        of_all = rates.xs(archetype, level="archetype")
        wrong = ((1 - of_all["true_positive_rate"]) * of_all["images"]).sum()
        assert table.loc[archetype, "training_images"] == of_all["images"].sum()
        if of_all["images"].sum():
            assert table.loc[archetype, "training_error_rate"] == pytest.approx(
                wrong / of_all["images"].sum()
            )
    assert table["training_images"].sum() == len(analysis.train)
    assert analysis.validation is not None
    assert table["validation_images"].sum() == len(analysis.validation)


@seeds
@settings(deadline=None, max_examples=25)
def test_adversaries_are_shares_of_the_neighbors_of_errors(seed: int) -> None:
    analysis = make_analysis(seed)
    table = analysis.adversaries()
    for c, name in enumerate(NAMES):
        wrong = [
            i
            for i in range(len(analysis.train))
            if analysis.labels[i] == c and analysis.predictions[i] != c
        ]
        votes = [analysis.labels[j] for i in wrong for j in analysis.neighbors[i]]
        votes = [v for v in votes if v != c]
        assert table.loc[name, ("support", "errors")] == len(wrong)
        assert table.loc[name, ("support", "votes")] == len(votes)
        for other, other_name in enumerate(NAMES):
            share = votes.count(other) / len(votes) if votes else 0
            assert table.loc[name, ("share", other_name)] == pytest.approx(share)


def test_adversaries_of_all_images_rest_on_all_neighbors(analysis: Analysis) -> None:
    everyone = analysis.adversaries(scope="all")["support"]
    errors = analysis.adversaries()["support"]
    assert (everyone["votes"] >= errors["votes"]).all()
    foreign = (analysis.labels[analysis.neighbors] != analysis.labels[:, None]).sum()
    assert everyone["votes"].sum() == foreign
    assert (everyone["errors"] == errors["errors"]).all()


def test_validation_errors_in_both_directions(analysis: Analysis) -> None:
    held_out = analysis.validation
    assert held_out is not None
    rows, columns = analysis.validation_errors(), analysis.validation_errors("columns")
    for a, name in enumerate(NAMES):
        went = [
            p for t, p in zip(held_out.labels, held_out.predictions, strict=True) if t == a != p
        ]
        came = [
            t for t, p in zip(held_out.labels, held_out.predictions, strict=True) if p == a != t
        ]
        for table, cases in ((rows, went), (columns, came)):
            assert table.loc[name, ("support", "errors")] == len(cases)
            for b, other in enumerate(NAMES):
                share = cases.count(b) / len(cases) if cases else 0
                assert table.loc[name, ("share", other)] == pytest.approx(share)
    with pytest.raises(ValueError, match="direction must be 'rows' or 'columns'"):
        analysis.validation_errors("diagonal")  # type: ignore[arg-type]


@seeds
@settings(deadline=None, max_examples=25)
def test_feature_overlap_agrees_with_sets(seed: int) -> None:
    analysis = make_analysis(seed)
    tops = {name: analysis.top_features(name) for name in NAMES}
    counts = analysis.overlap()
    for name in NAMES[:3]:
        means = analysis.embeddings[analysis.labels == NAMES.index(name)].mean(axis=0)
        mine = tops[name]
        assert set(mine.index) == set(np.argsort(-means)[:3])
        assert mine["share"].sum() == pytest.approx(1)
        table = analysis.feature_overlap(name)
        assert set(table.index) == set(NAMES) - {name}
        assert table["shared"].is_monotonic_decreasing
        for other in table.index:
            theirs = tops[other]
            common = set(mine.index) & set(theirs.index)
            row = table.loc[other]
            assert set(row["features"]) == common
            assert row["shared"] == len(common) == counts.loc[name, other]
            assert row["jaccard"] == pytest.approx(
                len(common) / len(set(mine.index) | set(theirs.index))
            )
            assert row["share"] == pytest.approx(mine.loc[list(common), "share"].sum())
            assert row["share_there"] == pytest.approx(theirs.loc[list(common), "share"].sum())
        for feature, holders in mine["classes"].items():
            assert holders == sum(feature in tops[o].index for o in NAMES if o != name)
    assert tops["empty"].empty


def test_feature_density_is_of_each_class_of_its_own_images(analysis: Analysis) -> None:
    density = analysis.feature_density(NAMES[0])
    assert density.columns.tolist() == analysis.top_features(NAMES[0]).index.tolist()
    order = np.argsort(-np.abs(analysis.embeddings), axis=1, kind="stable")[:, : analysis.top_k]
    for name in NAMES:
        members = analysis.members(name)
        for feature in density.columns:
            if not len(members):
                assert math.isnan(density.loc[name, feature])
                continue
            share = (order[members] == feature).any(axis=1).mean()
            assert density.loc[name, feature] == pytest.approx(share)


def test_colors_are_shares_and_an_empty_class_has_none(analysis: Analysis) -> None:
    table = analysis.colors()
    assert list(table.columns) == list(analysis.color_scheme.bins)
    assert np.allclose(table.loc[list(NAMES[:3])].sum(axis=1), 1)
    assert table.loc["empty"].isna().all()
    assert analysis.color_counts is not None
    assert table.iloc[0, 0] == analysis.color_counts[0, 0] / analysis.color_counts[0].sum()


def test_prototypes_are_members_and_lead_with_the_medoid(analysis: Analysis) -> None:
    for name in NAMES:
        for archetype in ARCHETYPES:
            members = analysis.members(name, archetype)
            prototypes = analysis.prototypes(name, archetype, n=2)
            assert len(prototypes) == min(2, len(members))
            assert set(prototypes) <= set(members)
            if len(members):
                points = analysis.embeddings[members].astype(np.float64)
                sums = np.linalg.norm(points[:, None] - points, axis=2).sum(axis=1)
                (medoid,) = analysis.prototypes(name, archetype, n=1)
                assert sums[list(members).index(medoid)] == pytest.approx(sums.min())
    with pytest.raises(ValueError, match="archetype must be one of safe, border"):
        analysis.members("ant", "safest")


def test_image_table_has_names_and_keeps_the_order(analysis: Analysis) -> None:
    table = analysis.image_table([7, 3])
    assert list(table.index) == [7, 3]
    assert table.loc[7, "label"] == NAMES[analysis.labels[7]]
    assert table.loc[3, "prediction"] == NAMES[analysis.predictions[3]]
    assert table.loc[3, "archetype"] == ARCHETYPES[analysis.archetypes[3]]
    assert table.loc[7, "correct"] == (analysis.labels[7] == analysis.predictions[7])
    assert len(analysis.image_table()) == len(analysis.train)


def test_a_wrong_class_name_raises_with_the_valid_names(analysis: Analysis) -> None:
    with pytest.raises(ValueError, match=r"no class 'bees'\. Valid names: 'bee', 'ant'"):
        analysis.feature_overlap("bees")


def test_an_analysis_is_frozen(analysis: Analysis) -> None:
    with pytest.raises(AttributeError):
        analysis.top_k = 4  # type: ignore[misc]


def test_without_validation_and_colors_the_errors_say_what_to_do(analysis: Analysis) -> None:
    bare = Analysis(
        class_names=NAMES,
        train=analysis.train,
        validation=None,
        color_counts=None,
        color_scheme=analysis.color_scheme,
        top_k=3,
        salient_fraction=None,
    )
    with pytest.raises(ValueError, match="validation="):
        bare.validation_errors()
    with pytest.raises(ValueError, match="salient_fraction=None"):
        bare.colors()
    assert bare.classes()["validation_accuracy"].isna().all()
    assert list(bare.errors_by_archetype()) == ["training_images", "training_error_rate"]
    assert (bare.archetype_rates()["validation_images"] == 0).all()


@pytest.mark.parametrize(
    ("indices", "message"),
    [
        (np.ones(60, dtype=bool), r"pass numpy\.flatnonzero\(mask\)"),
        ([True, False], r"pass numpy\.flatnonzero\(mask\)"),
        ([-1], "indices must lie in 0..59, but holds -1"),
        ([60], "indices must lie in 0..59, but holds 60"),
        ([1.5], "indices must hold integers"),
    ],
)
def test_rows_that_are_no_positions_are_refused(
    analysis: Analysis, indices: list[int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        analysis.image_table(indices)


def test_no_rows_give_an_empty_table(analysis: Analysis) -> None:
    assert list(analysis.image_table([]).index) == []


@pytest.mark.parametrize(
    ("name", "options", "tables", "way_out"),
    [
        ("adversaries", {}, 2, r"Analysis\.rows\.votes\.shares\(index\)"),
        ("adversaries", {"scope": "all"}, 2, r"Analysis\.rows\.all_votes\.shares\(index\)"),
        ("validation_errors", {}, 2, r"Analysis\.rows\.validation_errors\.shares\(index\)"),
        (
            "validation_errors",
            {"direction": "columns"},
            2,
            r"Analysis\.rows\.false_positives\.shares\(index\)",
        ),
        ("overlap", {}, 1, r"Analysis\.feature_overlap\(class_name\)"),
        ("forecast", {}, 4, r"Analysis\.rows\.votes\.shares\(index\)"),
        ("forecast_quality", {}, 19, r"Analysis\.rows\.votes\.shares"),
        ("class_cost_matrix", {}, 4, r"Analysis\.feature_overlap\(class_name\)"),
    ],
)
def test_tables_of_too_many_classes_are_refused_with_a_way_out(
    analysis: Analysis,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    options: dict[str, Any],
    tables: int,
    way_out: str,
) -> None:
    table = getattr(analysis, name)
    size = 8 * len(NAMES) ** 2 * tables
    monkeypatch.setattr(checks, "_MOST_BYTES", size)
    table(**options)
    monkeypatch.setattr(checks, "_MOST_BYTES", size - 1)
    with pytest.raises(ValueError, match=f"of 4 classes takes .* at most; take .*{way_out}"):
        table(**options)


def test_what_is_named_instead_of_a_large_table_is_a_row_of_it(analysis: Analysis) -> None:
    for table, pairs in (
        (analysis.adversaries(), analysis.rows.votes),
        (analysis.adversaries("all"), analysis.rows.all_votes),
        (analysis.validation_errors(), analysis.rows.validation_errors),
        (analysis.validation_errors("columns"), analysis.rows.false_positives),
    ):
        assert pairs is not None
        for index, name in enumerate(NAMES):
            classes, shares = pairs.shares(index)
            row = np.zeros(len(NAMES))
            row[classes] = shares
            np.testing.assert_array_equal(table.loc[name, "share"].to_numpy(), row)

"""The tables of two models side by side, against counting image by image."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from analysis_cases import Case, cases
from hypothesis import given
from small_analysis import make_analysis, make_pair, with_predictions

from imbxai_widgets import Analysis, compare
from imbxai_widgets.compute.methods.archetypes import ARCHETYPES


def test_accuracies_stand_beside_each_other() -> None:
    before, after = make_pair()
    table = compare(before, after).accuracies()
    for split in ("training", "validation"):
        here, there = before.classes(), after.classes()
        assert table[split, "before"].equals(here[f"{split}_accuracy"])
        assert table[split, "after"].equals(there[f"{split}_accuracy"])
        assert table[split, "change"].equals(table[split, "after"] - table[split, "before"])
    assert table["images", "training"].tolist() == [40, 20, 8, 0]
    assert table["images", "validation"].tolist() == [20, 10, 4, 0]


@pytest.mark.parametrize("split", ["training", "validation"])
@pytest.mark.parametrize("direction", ["rows", "columns"])
def test_errors_are_mended_broken_or_stay(split: Any, direction: Any) -> None:
    before, after = make_pair()
    table = compare(before, after).errors(split, direction)
    pairs = (before.train, after.train), (before.validation, after.validation)
    one, other = pairs[split == "validation"]
    assert one is not None
    assert other is not None
    for c, name in enumerate(before.class_names):
        lost: list[set[int]] = []
        for side in (one, other):
            of_class = side.labels == c if direction == "rows" else side.predictions == c
            lost.append(set(np.flatnonzero(of_class & (side.labels != side.predictions)).tolist()))
        expected = [len(lost[0]), len(lost[1]), len(lost[0] - lost[1]), len(lost[1] - lost[0])]
        assert table.loc[name].tolist() == [*expected, len(lost[0] & lost[1])]
    if direction == "rows" and split == "validation":
        errors = before.validation_errors()["support", "errors"]
        assert table["before"].tolist() == errors.tolist()


def test_archetypes_flow_from_one_model_to_the_other() -> None:
    before, after = make_pair()
    comparison = compare(before, after)
    for c, name in enumerate(before.class_names):
        flow = comparison.archetype_flow(name)
        for a, here in enumerate(ARCHETYPES):
            for b, there in enumerate(ARCHETYPES):
                both = (before.archetypes == a) & (after.archetypes == b) & (before.labels == c)
                assert flow.loc[here, there] == both.sum()
    whole = sum(comparison.archetype_flow(name) for name in before.class_names)
    assert comparison.archetype_flow().equals(whole)


def test_an_analysis_beside_itself_shows_no_change() -> None:
    analysis = make_analysis()
    comparison = compare(analysis, analysis)
    assert (comparison.accuracies()["training", "change"].dropna() == 0).all()
    assert comparison.errors("training")[["mended", "broken"]].to_numpy().sum() == 0
    flow = comparison.archetype_flow().to_numpy()
    assert flow.sum() == np.diag(flow).sum() == len(analysis.train)


def test_shared_features_of_both_models() -> None:
    before, after = make_pair()
    table = compare(before, after).feature_overlap("c0")
    for side, analysis in (("before", before), ("after", after)):
        alone = analysis.feature_overlap("c0").loc[table.index]
        assert table[side]["shared"].tolist() == alone["shared"].tolist()
        assert table[side]["jaccard"].equals(alone["jaccard"])
    most = table.loc[:, (slice(None), "shared")].max(axis=1)
    assert most.is_monotonic_decreasing


@pytest.mark.filterwarnings("ignore:for .* equally near:UserWarning")
@given(case=cases(predictions=True), other=cases(predictions=True))
def test_flows_and_errors_add_up(case: Case, other: Case) -> None:
    n = len(case.labels)
    points = np.resize(other.embeddings, (n, other.embeddings.shape[1]))
    predictions = np.resize(other.labels, n) % case.n_classes
    before = Case(**{**vars(case), "validation": None}).analysis()
    after = Analysis.from_arrays(
        points, case.labels, predictions, class_names=before.class_names, k=case.k
    )
    comparison = compare(before, after)
    errors = comparison.errors("training")
    assert (errors["mended"] + errors["both"]).equals(errors["before"])
    assert (errors["broken"] + errors["both"]).equals(errors["after"])
    assert comparison.archetype_flow().to_numpy().sum() == n


def test_analyses_of_other_images_are_refused() -> None:
    before, after = make_pair()
    with pytest.raises(
        TypeError, match=r"^after must be an Analysis, not str; analyze\(\) makes one"
    ):
        compare(before, "after")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"name their classes differently: 'c0', 'c1'"):
        compare(before, replace(after, class_names=("a", "b", "c", "d")))
    with pytest.raises(ValueError, match=r"same training images .* \(68 and 60\)"):
        compare(before, make_analysis((40, 12, 8, 0)))
    swapped = replace(after.train, labels=after.train.labels[::-1])
    with pytest.raises(ValueError, match=r"the labels differ from image \d+ on"):
        compare(before, replace(after, train=swapped))
    gap = replace(after.train, positions=after.train.positions + 1)
    with pytest.raises(ValueError, match=r"different ones were skipped"):
        compare(before, replace(after, train=gap))
    with pytest.raises(ValueError, match=r"^only one of the analyses has validation images"):
        compare(before, replace(after, validation=None))


def test_what_is_not_there_is_refused_by_name() -> None:
    analysis = make_analysis(validation=False)
    comparison = compare(analysis, with_predictions(analysis, analysis.labels))
    with pytest.raises(ValueError, match=r"^No validation errors: give `validation=`"):
        comparison.errors()
    with pytest.raises(ValueError, match=r"^split must be 'training' or 'validation', not 'test'"):
        comparison.errors("test")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^direction must be 'rows' or 'columns'"):
        comparison.errors("training", "both")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^There is no class 'c9'"):
        comparison.archetype_flow("c9")

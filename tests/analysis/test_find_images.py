"""The images that meet conditions, against looking at each image."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from analysis_cases import cases
from hypothesis import given
from hypothesis import strategies as st
from small_analysis import make_analysis, make_pair

from imbxai_widgets import compare
from imbxai_widgets.analysis import Analysis
from imbxai_widgets.compute.methods.archetypes import ARCHETYPES

# Drawn embeddings may be the same.
pytestmark = pytest.mark.filterwarnings("ignore:for .* equally near:UserWarning")


def meets(analysis: Analysis, split: Any, row: int, given_: dict[str, Any]) -> bool:
    """Say whether one image meets all conditions."""
    images = analysis.split(split)
    right = bool(images.predictions[row] == images.labels[row])
    near = [int(analysis.labels[neighbor]) for neighbor in images.neighbors[row]]
    own = int(images.labels[row])
    checks = {
        "index": lambda wanted: own == wanted,
        "archetype": lambda wanted: int(images.archetypes[row]) == wanted,
        "balanced": lambda wanted: int(analysis.balanced(split).archetypes[row]) == wanted,
        "predicted": lambda wanted: int(images.predictions[row]) == wanted,
        "right": lambda wanted: right == wanted,
        "votes": lambda wanted: not right and wanted != own and wanted in near,
        "near": lambda wanted: wanted in near,
        "confidence": lambda wanted: wanted[0] <= float(images.confidences[row]) <= wanted[1],
    }
    return all(checks[name](wanted) for name, wanted in given_.items())


def pairs(values: Any) -> Any:
    return st.tuples(values, values).map(sorted).map(tuple)


@st.composite
def conditions(draw: Any, analysis: Analysis, split: str) -> dict[str, Any]:
    """Some of the conditions, each of a value that occurs or not."""
    classes = st.integers(0, analysis.n_classes - 1)
    confidences = analysis.split(split).confidences  # type: ignore[arg-type]
    levels = st.sampled_from([0.0, 1.0, *map(float, confidences[:5])]) | st.floats(0, 1)
    kinds: dict[str, Any] = {
        "archetype": st.integers(0, 3),
        "balanced": st.integers(0, 3),
        "predicted": classes,
        "right": st.booleans(),
        "near": classes,
    }
    if split == "training":
        kinds["votes"] = classes
    if not np.isnan(confidences).any():
        kinds["confidence"] = pairs(levels)
    names = draw(st.sets(st.sampled_from(sorted(kinds))))
    return {name: draw(kinds[name]) for name in names}


@given(st.data())
def test_they_are_those_that_meet_every_condition(data: Any) -> None:
    analysis = data.draw(cases()).analysis()
    splits = ["training", *(["validation"] if analysis.validation is not None else [])]
    split: Any = data.draw(st.sampled_from(splits))
    index = data.draw(st.integers(0, analysis.n_classes - 1))
    asked = data.draw(conditions(analysis, split))
    found = analysis.find_images(index, split, **asked)
    expected = [
        row
        for row in range(len(analysis.split(split)))
        if meets(analysis, split, row, {"index": index, **asked})
    ]
    assert found.dtype == np.int64
    assert found.tolist() == expected


@given(cases())
def test_neighbors_among_are_counted_one_by_one(case: Any) -> None:
    analysis = case.analysis()
    for own in range(analysis.n_classes):
        for other in range(analysis.n_classes):
            voters = analysis.find_images(own, votes=other)
            counts = Counter(
                int(neighbor)
                for voter in voters
                for neighbor in analysis.neighbors[voter]
                if analysis.labels[neighbor] == other
            )
            found = analysis.neighbors_among(voters, other)
            assert found.tolist() == sorted(counts, key=lambda row: (-counts[row], row))


def test_votes_and_errors_are_as_many_as_the_tables_count() -> None:
    analysis = make_analysis((40, 20, 8, 0))
    assert analysis.validation is not None
    table, errors = analysis.adversaries()["support"], analysis.validation_errors()["support"]
    for index in range(4):
        wrong = analysis.find_images(index, right=False)
        assert len(wrong) == table["errors"].iloc[index]
        missed = [
            len(analysis.find_images(index, "validation", right=False, predicted=other))
            for other in range(4)
        ]
        assert sum(missed) == errors["errors"].iloc[index]
        votes = 0
        for other in range(4):
            near = analysis.labels[analysis.neighbors[analysis.find_images(index, votes=other)]]
            votes += int((near == other).sum())
        assert votes == table["votes"].iloc[index]


def test_names_and_numbers_are_the_same() -> None:
    analysis = make_analysis((40, 20, 8, 0))
    for number, name in enumerate(ARCHETYPES):
        by_name = analysis.find_images("c1", archetype=name, predicted="c0", votes="c0")
        by_number = analysis.find_images(1, archetype=number, predicted=0, votes=np.int64(0))
        assert by_name.tolist() == by_number.tolist()


@pytest.mark.parametrize(
    ("split", "asked", "message"),
    [
        ("test", {}, "split must be 'training' or 'validation', not 'test'"),
        ("training", {"archetype": "rara"}, "archetype must be one of safe, .*, not 'rara'"),
        ("training", {"archetype": 4}, "numbers 0 to 3, not 4"),
        ("training", {"predicted": "cat"}, "There is no class 'cat'"),
        ("training", {"predicted": 4}, "class numbers are 0 to 3, not 4"),
        ("training", {"votes": -1}, "class numbers are 0 to 3, not -1"),
        ("validation", {"votes": 1}, "votes are those of training images"),
        ("training", {"confidence": (0.5, 0.4)}, r"0 <= low <= high <= 1, not \(0.5, 0.4\)"),
        ("training", {"confidence": (0, float("nan"))}, "0 <= low <= high <= 1"),
    ],
)
def test_what_cannot_be_asked_is_refused(split: Any, asked: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_analysis().find_images(0, split, **asked)


def test_without_validation_or_confidences_it_says_so() -> None:
    analysis = make_analysis(validation=False)
    with pytest.raises(ValueError, match="No validation images: give `validation=`"):
        analysis.find_images(0, "validation")
    points = np.arange(6.0)[:, np.newaxis]
    bare = Analysis.from_arrays(points, [0, 0, 0, 1, 1, 1], [0, 1, 0, 1, 1, 1], k=1)
    with pytest.raises(ValueError, match="confidences are not known"):
        bare.find_images(0, confidence=(0.5, 1))
    assert bare.find_images(0, right=False).tolist() == [1]


def test_neighbors_are_those_of_training_images() -> None:
    with pytest.raises(ValueError, match="images"):
        make_analysis().neighbors_among(np.array([999]), 0)


@pytest.mark.parametrize("split", ["training", "validation"])
def test_before_and_after_are_as_many_as_the_comparison_counts(split: Any) -> None:
    comparison = compare(*make_pair())
    table = comparison.errors(split)
    for index in range(4):
        counts = {
            (before, after): comparison.find_images(index, split, before=before, after=after)
            for before in (True, False)
            for after in (True, False)
        }
        row = table.iloc[index]
        assert len(counts[False, True]) == row["mended"]
        assert len(counts[True, False]) == row["broken"]
        assert len(counts[False, False]) == row["both"]
        every = np.concatenate(list(counts.values()))
        assert sorted(every.tolist()) == comparison.before.find_images(index, split).tolist()
        kinds = comparison.after.split(split).archetypes
        for name in ARCHETYPES:
            becoming = comparison.find_images(index, split, becomes=name)
            own = comparison.before.find_images(index, split)
            assert becoming.tolist() == own[kinds[own] == ARCHETYPES.index(name)].tolist()
        wrong = comparison.find_images(index, split, after=False, archetype="safe")
        safe = comparison.before.find_images(index, split, archetype="safe")
        assert set(wrong) == set(safe) - set(comparison.after.find_images(index, split, right=True))


def test_the_table_of_validation_images_names_them() -> None:
    analysis = make_analysis((40, 20, 8, 0))
    assert analysis.validation is not None
    table = analysis.image_table([5, 2], "validation")
    assert table.index.tolist() == [5, 2]
    assert table["label"].tolist() == [f"c{analysis.validation.labels[row]}" for row in (5, 2)]
    assert table["correct"].tolist() == analysis.validation.correct[[5, 2]].tolist()
    with pytest.raises(ValueError, match="indices"):
        analysis.image_table([len(analysis.validation)], "validation")

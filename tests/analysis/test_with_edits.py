"""An analysis after edits, against a fresh one of the edited images."""

from __future__ import annotations

import warnings
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from analysis_cases import Case, cases
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from small_analysis import make_analysis, make_pair
from torch.utils.data import Subset

from imbxai_widgets import Analysis, Edits, analyze, compare
from imbxai_widgets.analysis import Head
from imbxai_widgets.analysis._data import AnalysisData
from imbxai_widgets.analysis.assemble import assemble
from imbxai_widgets.analysis.split import Split
from imbxai_widgets.compute.colors.schemes import color_scheme
from imbxai_widgets.compute.embedding.embedded import Embedded
from imbxai_widgets.demo import load_demo

# What a fresh analysis of arrays has otherwise: images keep their numbers, and the edits are known.
OWN = {"positions", "skipped", "images", "looks", "edited_from"}


def assert_equal(found: Any, fresh: Any, where: str = "analysis") -> None:
    """Compare every field, of whatever kind, but those that differ on purpose."""
    if isinstance(fresh, AnalysisData | Split):
        kind = AnalysisData if isinstance(fresh, AnalysisData) else Split
        for field in fields(kind):
            if field.name not in OWN:
                pair = getattr(found, field.name), getattr(fresh, field.name)
                assert_equal(*pair, where=f"{where}.{field.name}")
    elif isinstance(fresh, tuple) and hasattr(fresh, "_fields"):
        for name in fresh._fields:
            assert_equal(getattr(found, name), getattr(fresh, name), f"{where}.{name}")
    elif isinstance(fresh, np.ndarray):
        assert found.dtype == fresh.dtype, where
        np.testing.assert_array_equal(found, fresh, err_msg=where)
    else:
        assert found == fresh or found is fresh, where


@st.composite
def edited_cases(draw: Any) -> tuple[Case, dict[str, Any], dict[str, Any]]:
    """Arrays, and what becomes of some images of either split."""
    case = draw(cases())
    edit = st.one_of(
        st.just({"action": "exclude"}),
        st.just({"action": "keep"}),
        st.builds(lambda label: {"action": "relabel", "label": label}, st.integers(0, 1)),
    )
    sizes = [len(case.labels), 0 if case.validation is None else len(case.validation[1])]
    drawn = [
        draw(st.dictionaries(st.integers(0, max(0, size - 1)), edit, max_size=size)) if size else {}
        for size in sizes
    ]
    return case, *drawn


@settings(max_examples=60)
@given(edited_cases())
def test_it_equals_a_fresh_analysis(drawn: tuple[Case, dict[int, Any], dict[int, Any]]) -> None:
    case, *changes = drawn
    kept = [row for row in range(len(case.labels)) if changes[0].get(row) != {"action": "exclude"}]
    assume(len(kept) > case.k)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of ties, and classes that seem to be permuted
        analysis = case.analysis()
        edits = Edits(analysis)
        for split, of_split in zip(("training", "validation"), changes, strict=True):
            edits.do({f"{split}:{row}": edit for row, edit in of_split.items()})
        found = analysis.with_edits(edits)
        parts = [(case.embeddings, case.labels, case.outputs), case.validation]
        edited = [
            part and edited_arrays(part, of_split)
            for part, of_split in zip(parts, changes, strict=True)
        ]
        assert edited[0] is not None
        arrays = dict(zip(("embeddings", "labels", "outputs"), edited[0], strict=True))
        fresh = replace(case, **arrays, validation=edited[1]).analysis()
    assert_equal(found, fresh)
    assert found.train.positions.tolist() == kept
    assert found.adversaries().equals(fresh.adversaries())
    assert found.classes().equals(fresh.classes())


def edited_arrays(part: Any, of_split: dict[int, Any]) -> Any:
    embeddings, labels, outputs = part
    labels = labels.copy()
    for row, edit in of_split.items():
        labels[row] = edit.get("label", labels[row])
    left_out = [row for row, edit in of_split.items() if edit["action"] == "exclude"]
    return tuple(np.delete(values, left_out, axis=0) for values in (embeddings, labels, outputs))


def test_every_field_is_edited_or_known_not_to_be() -> None:
    """A field that is added to an analysis has to be decided on in `analysis_with_edits`."""
    assert {field.name for field in fields(Split)} == {
        *("labels", "top", "neighbors", "neighbor_distances", "archetypes", "positions"),
        *("skipped", "images", "embeddings", "head", "color_counts", "pixel_counts", "looks"),
        *("neighbor_method", "neighbor_recall", "coordinates"),
    }
    assert {field.name for field in fields(AnalysisData)} == {
        *("class_names", "train", "validation", "color_counts", "color_scheme", "top_k"),
        *("salient_fraction", "edited_from", "projection"),
    }


def test_colors_and_the_head_follow() -> None:
    model, train, validation = load_demo()
    some, unseen = Subset(train, range(0, 1922, 8)), Subset(validation, range(0, 824, 8))
    analysis = analyze(model, some, validation=unseen, progress=False)
    edits = Edits(analysis)
    edits.relabel([0, 5, 200], "Plants")
    edits.exclude([3, 4, 230])
    edits.relabel(7, "Plants", "validation")
    edits.exclude([0, 80], "validation")
    found = analysis.with_edits(edits)
    parts = []
    for split in (analysis.train, analysis.validation):
        assert split is not None
        name = "training" if split is analysis.train else "validation"
        labels, left_out = edits.of_split(name)  # type: ignore[arg-type]
        whole = Embedded(
            split.embeddings,
            split.labels.copy(),
            split.top,
            10,
            split.color_counts,
            split.positions,
            pixel_counts=split.pixel_counts,
        )
        whole.labels[list(labels)] = list(labels.values())
        arrays = {name: np.delete(a, left_out, axis=0) for name, a in whole.arrays().items()}
        parts.append(Embedded.of_arrays(arrays, 10))
    fresh = assemble(
        *parts, class_names=analysis.class_names, images=None, validation_images=None, k=5,
        top_k=10, scheme=color_scheme("perceptual"), salient_fraction=0.1,
    )  # fmt: skip
    fresh = replace(
        fresh,
        train=replace(fresh.train, head=analysis.head, top=found.train.top),
        validation=replace(fresh.validation, head=analysis.head, top=found.validation.top),
    )
    assert_equal(found, fresh)
    plants = analysis.class_index("Plants")
    probabilities = _softmax(analysis.train.logits([0, 5, 200]))[:, plants]
    rows = [0, 3, 198]  # behind two that are left out
    np.testing.assert_allclose(found.train.top.of_labels[rows], probabilities, rtol=1e-4)
    for row, place in ((0, 0), (3, 5), (-1, 240)):
        np.testing.assert_array_equal(found.images[row % len(found.train)], analysis.images[place])
    assert found.skipped()["reason"].tolist() == ["left out by an edit"] * 5
    assert len(found.resampling_plan()) == 241
    assert found.resampling_plan()[[3, 4, 230]].tolist() == [0, 0, 0]


def _softmax(logits: np.ndarray) -> np.ndarray:
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("known", ["head", "ten", "none"])
def test_the_probability_of_a_new_label_among_many_classes(known: str) -> None:
    rng = np.random.default_rng(0)
    points, weight = rng.normal(size=(60, 4)), rng.normal(size=(15, 4))
    logits = points @ weight.T
    labels = np.arange(60) % 15
    analysis = Analysis.from_arrays(
        points,
        labels,
        logits.argmax(axis=1) if known == "none" else logits,
        class_names=[str(c) for c in range(15)],
        head=Head(weight, None) if known == "head" else None,
    )
    least = logits.argsort(axis=1)[:, 0]  # not among the ten largest
    edits = Edits(analysis)
    for row in (0, 1, 2):
        edits.relabel(row, int(least[row]))
    edits.relabel(3, int(logits[3].argmax()))
    top = analysis.with_edits(edits).train.top
    true = _softmax(logits)
    left = 1 - np.sort(true, axis=1)[:, -10:].sum(axis=1)
    expected = {
        "head": true[np.arange(3), least[:3]],
        "ten": left[:3] / 5,
        "none": np.full(3, np.nan),
    }[known]
    np.testing.assert_allclose(top.of_labels[:3], expected, rtol=1e-4)
    if known != "none":
        np.testing.assert_allclose(top.of_labels[3], true[3].max(), rtol=1e-6)


def test_what_cannot_be_edited_is_refused() -> None:
    analysis = make_analysis((5, 2))
    edits = Edits(analysis)
    edits.exclude([0, 1])
    with pytest.raises(ValueError, match="need at least 6 images"):
        analysis.with_edits(edits)
    other = make_analysis((20, 8), seed=1)
    with pytest.raises(ValueError, match="other images than the analysis: they differ in the num"):
        other.with_edits(edits)
    edits = Edits(other)
    edits.relabel(0, 1 - int(other.labels[0]))
    after = other.with_edits(edits)
    with pytest.raises(ValueError, match="differ in the labels"):
        after.with_edits(edits)  # twice the same edits


def test_an_old_file_leaves_its_colors_out() -> None:
    old = Analysis.load(Path(__file__).parent.parent / "data" / "analysis_4.imbxai")
    edits = Edits(old)
    edits.relabel(0, (int(old.labels[0]) + 1) % old.n_classes)
    with pytest.warns(UserWarning, match="colors are left out"):
        found = old.with_edits(edits)
    assert found.color_counts is None
    assert found.salient_fraction is None
    edits.exclude(1)
    with pytest.raises(ValueError, match="without the embeddings of its validation images"):
        old.with_edits(edits)


def test_it_is_saved_and_loaded(tmp_path: Path) -> None:
    analysis = make_analysis()
    edits = Edits(analysis)
    edits.exclude([1, 2])
    edits.relabel(3, (int(analysis.labels[3]) + 1) % 3)
    after = analysis.with_edits(edits)
    loaded = Analysis.load(after.save(tmp_path / "after.imbxai"))
    assert_equal(loaded, after)
    assert loaded.train.positions.tolist() == after.train.positions.tolist()
    assert compare(analysis, loaded).edits()["training"].sum().tolist() == [1, 2, 1]


# -- the comparison ------------------------------------------------------------------------------


def edited_pair() -> tuple[Analysis, Analysis, Edits]:
    analysis = make_analysis()
    edits = Edits(analysis)
    rng = np.random.default_rng(3)
    for split in ("training", "validation"):
        images = analysis.split(split)
        rows = rng.permutation(len(images))[:12]
        edits.relabel(rows[:7], 2, split)
        edits.exclude(rows[7:], split)
    return analysis, analysis.with_edits(edits), edits


def test_images_that_edits_changed_are_counted_apart() -> None:
    before, after, edits = edited_pair()
    comparison = compare(before, after)
    assert comparison.edited
    table = comparison.edits()
    for split in ("training", "validation"):
        labels, left_out = edits.of_split(split)
        old = before.split(split).labels
        gone = np.array(list(labels))
        expected = [
            np.bincount(old[gone], minlength=4),
            np.bincount(old[left_out], minlength=4),
            np.bincount(list(labels.values()), minlength=4),
        ]
        assert table[split].to_numpy().T.tolist() == [each.tolist() for each in expected]
        for name, found in zip(table[split], expected, strict=True):
            for index in range(4):
                rows = comparison.find_images(index, split, edited=name)
                assert len(rows) == found[index]
    # The network is the same: no image is mended or broken.
    for direction in ("rows", "columns"):
        errors = comparison.errors("training", direction)
        assert errors[["mended", "broken"]].to_numpy().sum() == 0
        assert (errors["both"] + errors["gone"]).tolist() == errors["before"].tolist()
        assert (errors["both"] + errors["come"]).tolist() == errors["after"].tolist()
    same = len(after.train) - len(edits.of_split("training")[0])
    assert comparison.archetype_flow().to_numpy().sum() == same
    with pytest.raises(ValueError, match="no other condition"):
        comparison.find_images(0, edited="joined", before=True)
    with pytest.raises(ValueError, match="relabeled, left out, joined"):
        comparison.find_images(0, edited="burnt")


def test_each_count_of_errors_finds_as_many_images() -> None:
    before, other = make_pair()
    edits = Edits(other)
    edits.exclude([0, 3, 9])
    edits.relabel([1, 2], 1)
    after = other.with_edits(edits)
    comparison = compare(before, after)  # another network, and edits beside
    errors = comparison.errors("training")
    for index in range(4):
        for name, conditions in {
            "mended": {"before": False, "after": True},
            "broken": {"before": True, "after": False},
            "both": {"before": False, "after": False},
        }.items():
            rows = comparison.find_images(index, "training", **conditions)
            assert len(rows) == errors[name].iloc[index]
    assert errors["mended"].sum() > 0


def test_labels_that_no_edit_changed_are_refused_as_before() -> None:
    before, after, _ = edited_pair()
    stranger = replace(after, edited_from=None)
    with pytest.raises(ValueError, match="same training images"):
        compare(before, stranger)
    assert not compare(before, before).edited

"""Edits: what they are, undo, and the dataset with them."""

from __future__ import annotations

import csv
import pickle
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from dataset_cases import CASES, Maker
from hypothesis import given, settings
from hypothesis import strategies as st
from small_analysis import make_analysis
from torch.utils.data import DataLoader, Subset, TensorDataset

from imbxai_widgets import Analysis, Edits, analyze
from imbxai_widgets.compute.reading.edited import EditedDataset
from imbxai_widgets.compute.reading.labeled_images import LabeledImages, Skipped
from imbxai_widgets.compute.reading.paths import paths_of
from imbxai_widgets.datasets import labels_of
from imbxai_widgets.demo import load_demo

RELABEL = {"action": "relabel", "label": 2}


def test_the_table_tells_each_edit_once(tmp_path: Path) -> None:
    analysis = make_analysis()
    edits = Edits(analysis)
    edits.exclude([7, 3])
    edits.relabel(5, 2)
    edits.keep([2], "validation")
    table = edits.table()
    old = [analysis.class_names[analysis.labels[row]] for row in (7, 3, 5)]
    assert table.index.tolist() == [7, 3, 5, 2]
    assert table["split"].tolist() == ["training", "training", "training", "validation"]
    assert table["old"].tolist()[:3] == old
    assert table["new"].tolist() == [None, None, "c2", table["old"].iloc[3]]
    assert table["action"].tolist() == ["exclude", "exclude", "relabel", "keep"]
    assert table["file"].tolist() == [None] * 4
    assert str(table["time"].dtype).startswith("datetime64")
    assert table["time"].dt.tz is not None
    assert table["time"].is_monotonic_increasing
    path = edits.to_csv(tmp_path / "edits.csv")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == ["7", "3", "5", "2"]
    assert rows[2]["new"] == "c2"
    assert Edits(analysis).table().columns.tolist() == table.columns.tolist()


def test_images_go_by_their_numbers_in_the_dataset() -> None:
    analysis = make_analysis()
    places = np.arange(len(analysis.train)) + 2
    skipped = (Skipped(0, None, ""), Skipped(1, None, ""))
    analysis = replace(analysis, train=replace(analysis.train, positions=places, skipped=skipped))
    edits = Edits(analysis)
    edits.exclude(5)
    assert edits.changes == {"training:3": {"action": "exclude"}}
    assert edits.table().index.tolist() == [5]
    for missing in (1, len(places) + 2, -1):
        with pytest.raises(ValueError, match=f"no training image {missing}"):
            edits.keep(missing)
    with pytest.raises(ValueError, match="integers"):
        edits.keep([1.5])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="integers"):
        edits.keep(True)  # a mask, or a slip: not image 1
    assert len(edits) == 1


def test_an_image_that_has_the_label_already_is_kept() -> None:
    analysis = make_analysis()
    own, other = (int(np.flatnonzero(analysis.labels == label)[0]) for label in (2, 0))
    edits = Edits(analysis)
    edits.relabel([own, other], "c2")
    assert edits.changes == {f"training:{own}": {"action": "keep"}, f"training:{other}": RELABEL}
    assert edits.undo()
    assert not edits.changes


def test_wrong_names_are_refused() -> None:
    analysis = make_analysis()
    with pytest.raises(ValueError, match="'c9' is no class"):
        Edits(analysis).relabel(1, "c9")
    with pytest.raises(ValueError, match="0 to 3, not 4"):
        Edits(analysis).relabel(1, 4)
    twice = replace(analysis, class_names=("c0", "c1", "c1", "c3"))
    with pytest.raises(ValueError, match="several classes"):
        Edits(twice).relabel(1, "c1")
    with pytest.raises(ValueError, match="split must be"):
        Edits(analysis).keep(1, "test")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no validation images"):
        Edits(make_analysis(validation=False)).keep(1, "validation")


def test_a_request_that_comes_twice_acts_once() -> None:
    edits = Edits(make_analysis())
    assert edits.ask("edit", "a", ["training:1"], {"action": "exclude"})
    assert not edits.ask("edit", "a", ["training:1"], None)
    assert edits.ask("undo", "b")
    assert not edits.ask("undo", "b")
    assert edits.ask("redo", "c")
    assert not edits.ask("edit", "d", ["training:1"], {"action": "exclude"})  # nothing new
    assert edits.ask("undo", "e")
    assert not edits.can_undo
    for images, edit in (
        (["training:999"], {"action": "keep"}),
        (["training:1"], {"action": "relabel"}),
        (["training:1"], {"action": "relabel", "label": 9}),
        ([], {"action": "keep"}),
    ):
        with pytest.raises((ValueError, KeyError)):
            edits.ask("edit", "f", images, edit)
    assert not edits.changes


def test_observers_hear_of_changes_alone() -> None:
    edits, heard = Edits(make_analysis()), list[int]()
    edits.observe(lambda: heard.append(len(edits)))
    edits.keep([1, 2])
    edits.keep(1)
    edits.undo()
    edits.undo()
    assert heard == [2, 0]


SMALL = make_analysis((20, 10, 5), validation=False, images=False)
ROWS = st.lists(st.integers(0, 5), min_size=1, max_size=3, unique=True)
EDITS = st.sampled_from([{"action": "exclude"}, {"action": "keep"}, RELABEL, None])
STEPS = st.one_of(st.just("undo"), st.just("redo"), st.tuples(ROWS, EDITS))


@settings(max_examples=60)
@given(st.lists(STEPS, max_size=12))
def test_undo_and_redo_lead_through_all_states(steps: list[Any]) -> None:
    """Against a list of whole states."""
    edits = Edits(SMALL)
    edits._edited = lambda keys, edit: dict.fromkeys(keys, edit)  # type: ignore[method-assign]
    states: list[dict[str, Any]] = [{}]
    place = 0
    for number, step in enumerate(steps):
        if step == "undo":
            assert edits.undo() == (place > 0)
            place = max(0, place - 1)
        elif step == "redo":
            assert edits.redo() == (place < len(states) - 1)
            place = min(len(states) - 1, place + 1)
        else:
            rows, edit = step
            new = {**states[place], **{f"training:{row}": edit for row in rows}}
            new = {key: value for key, value in new.items() if value is not None}
            changed = edits.ask("edit", str(number), _keys(rows), edit)
            assert changed == (new != states[place])
            if changed:
                states, place = [*states[: place + 1], new], place + 1
        assert edits.changes == states[place]


def _keys(rows: list[int]) -> list[str]:
    return [f"training:{row}" for row in rows]


# -- the dataset with the edits ------------------------------------------------------------------


@pytest.fixture
def maker(torchvision: ModuleType, tmp_path: Path) -> Maker:
    return Maker(torchvision, pytest.importorskip("datasets"), tmp_path)


@pytest.mark.parametrize("form", CASES)
def test_a_view_of_every_accepted_dataset(form: str, maker: Maker) -> None:
    case = CASES[form](maker)
    keys = case.options.get("keys")
    reading = {"transform": case.options.get("transform"), "keys": keys}
    names = case.options.get("class_names")
    whole = LabeledImages(case.dataset, class_names=names, **reading)
    size, plain = len(whole), [label for _, label in whole]
    new = plain[1] if plain[1] != plain[0] else next(each for each in plain if each != plain[0])
    view = EditedDataset(
        case.dataset,
        [row for row in range(size) if row != 2],
        {0: new},
        class_names=names,
        keys=keys,
    )
    read = LabeledImages(view, class_names=names, **reading)
    assert [label for _, label in read] == [new, plain[1], *plain[3:]]
    for row, place in enumerate(view.indices):
        assert torch.equal(read[row][0], whole[place][0])
    told = paths_of(case.dataset, range(size))
    assert paths_of(view, range(size - 1)) == [told[0], told[1], *told[3:]]
    try:
        known = labels_of(case.dataset, class_names=names, keys=keys)
    except TypeError:
        return
    assert known.tolist() == plain  # of the dataset itself nothing is changed
    expected = [new, plain[1], *plain[3:]]
    assert labels_of(view, class_names=names, keys=keys).tolist() == expected


def test_a_view_has_what_is_expected_of_a_folder(maker: Maker) -> None:
    folder = maker.folder_with_target_transform().dataset
    labels = [label for _, label in folder]
    names = {folder.classes[old]: new for (_, old), new in zip(folder.samples, labels, strict=True)}
    view = EditedDataset(folder, [0, 2, 5], {2: names["bee"]})
    assert view.classes == folder.classes
    assert view.class_to_idx == folder.class_to_idx
    assert [view.classes[label] for label in view.targets] == [
        folder.classes[folder.targets[0]],
        "bee",
        folder.classes[folder.targets[5]],
    ]
    assert [path for path, _ in view.samples] == [folder.samples[row][0] for row in (0, 2, 5)]
    assert [label for _, label in view.samples] == view.targets
    assert view[1][1] == names["bee"]
    assert folder[2][1] == labels[2]
    assert not hasattr(view, "loader")  # what might tell of the images as they were
    with pytest.raises(AttributeError, match="no attribute 'data'"):
        view.data  # noqa: B018


@pytest.mark.parametrize(
    "stored", [torch.tensor([0, 1, 2]), np.array([0, 1, 2], np.uint8), [0, 1, 2]]
)
def test_targets_keep_their_type(stored: Any) -> None:
    dataset = TensorDataset(torch.zeros(3, 1), torch.tensor([0, 1, 2]))
    dataset.targets = stored  # type: ignore[attr-defined]
    view = EditedDataset(dataset, [0, 2], {2: 1})
    assert type(view.targets) is type(stored)
    assert [int(label) for label in view.targets] == [0, 1]
    assert [int(label) for label in stored] == [0, 1, 2]
    if not isinstance(stored, list):
        assert view.targets.dtype == stored.dtype


def test_a_view_goes_to_the_workers_of_a_loader() -> None:
    _, train, _ = load_demo()
    edits = Edits(_demo_analysis(train))
    edits.relabel([0, 3], 7)
    edits.exclude([1, 2])
    view = edits.view(train)
    edits.undo()  # which a view that is made does not follow
    assert len(view) == len(train) - 2
    loader = DataLoader(
        pickle.loads(pickle.dumps(view)),
        batch_size=2,
        num_workers=1,
        multiprocessing_context="fork",
    )
    assert next(iter(loader))[1].tolist() == [7, 7]
    assert view.targets[:2] == [7, 7]


def _demo_analysis(train: Any) -> Any:
    labels = labels_of(train)
    points = np.random.default_rng(0).normal(size=(len(labels), 4))
    return Analysis.from_arrays(points, labels, labels, images=train)


def test_a_view_is_analyzed_with_its_labels_also_from_a_cache(tmp_path: Path) -> None:
    model, train, _ = load_demo()
    some = Subset(train, range(0, 1922, 16))
    options: Any = {"salient_fraction": None, "progress": False, "cache": tmp_path}
    analysis = analyze(model, some, **options)
    edits = Edits(analysis)
    edits.relabel([0, 40], "Plants")
    edits.exclude([1, 2])
    found = analyze(model, edits.view(some), **options)
    after = analysis.with_edits(edits)
    assert found.labels.tolist() == after.labels.tolist()
    assert found.archetypes.tolist() == after.archetypes.tolist()


def test_a_view_of_another_dataset_is_refused() -> None:
    analysis = make_analysis(images=False)
    pairs = [(torch.zeros(3, 2, 2), int(label)) for label in analysis.labels]
    edits = Edits(analysis)
    assert len(edits.view(pairs)) == len(pairs)
    with pytest.raises(ValueError, match="67 images, but 68 training"):
        edits.view(pairs[1:])
    with pytest.raises(ValueError, match="not that of the training images: image 0"):
        edits.view([(image, (label + 1) % 3) for image, label in pairs])


def test_a_label_without_its_form_is_refused() -> None:
    view = EditedDataset([("image", np.uint8(1)), ("image", True)], [0, 1], {0: 300, 1: 2})
    for row in (0, 1):
        with pytest.raises(ValueError, match=f"new label of image {row}"):
            view[row]
    names = EditedDataset([("image", "cat")], [0], {0: 2}, class_names=["cat", "dog"])
    with pytest.raises(ValueError, match="class 2 has none"):
        names[0]

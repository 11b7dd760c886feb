from __future__ import annotations

from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from torch.utils.data import ConcatDataset, Dataset, Subset

from imbxai_widgets.compute.reading.class_names import check_same_labels, class_names_of
from imbxai_widgets.compute.reading.nesting import locate, nested, parts
from imbxai_widgets.compute.reading.paths import path_of, paths_of
from imbxai_widgets.compute.reading.samples import foreground_of


class Named(Dataset[Any]):
    """Six items, with any attributes."""

    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> tuple[Any, int]:
        return self, index


def nest() -> tuple[Dataset[Any], Named, Named]:
    a, b = Named(), Named()
    return Subset(ConcatDataset([Subset(a, [5, 3]), b, a]), [8, 1, 2, 7]), a, b


def test_locate_agrees_with_the_item() -> None:
    dataset, a, b = nest()
    assert [locate(dataset, i) for i in range(4)] == [(a, 0), (a, 3), (b, 0), (b, 5)]
    assert [locate(dataset, i) for i in range(4)] == [dataset[i] for i in range(4)]
    assert parts(a) == []
    assert [member for member in nested(dataset) if not parts(member)] == [a, b, a]


def test_names_by_argument_win() -> None:
    assert class_names_of(Named(classes=["a", "b"]), 2, ["x", "y"]) == ("x", "y")


def test_names_by_the_dataset() -> None:
    assert class_names_of(Named(classes=["b", "a"]), 2) == ("b", "a")
    assert class_names_of(Named(classes=np.array(["b", "a"])), 2) == ("b", "a")
    assert class_names_of(Named(classes=[("tench", "Tinca"), ("crane",)]), 2) == ("tench", "crane")


def test_class_to_idx_is_read_by_index() -> None:
    names = {"zebra": 0, "ant": 2, "bee": 1, "honey bee": 1}
    assert class_names_of(Named(class_to_idx=names), 3) == ("zebra", "bee", "ant")


def test_names_through_subset_and_concat() -> None:
    named = Named(classes=["a", "b"])
    assert class_names_of(Subset(ConcatDataset([named, Named(), named]), [0]), 2) == ("a", "b")
    outer = Subset(named, [0])
    outer.classes = ["c", "d"]  # type: ignore[attr-defined]
    assert class_names_of(outer, 2) == ("c", "d")


def test_names_that_occur_twice_or_are_empty_get_their_number() -> None:
    crane = Named(classes=[("crane", "bird"), ("crane", "machine"), ""])
    assert class_names_of(crane, 3) == ("crane (#0)", "crane (#1)", "(unnamed #2)")
    assert class_names_of(Named(), 2, ["a", "a"]) == ("a (#0)", "a (#1)")


def test_names_by_default_are_numbers() -> None:
    assert class_names_of(Named(), 11)[9:] == ("9", "10")
    assert class_names_of(Named(classes="ab"), 2) == ("0", "1")  # a string is no list of names


@pytest.mark.parametrize(
    ("dataset", "names", "message"),
    [
        (Named(), ["a", "b"], "class_names gives 2 class names, but the model has 3 logits"),
        (Named(classes=["a"]), None, r"the dataset \(Named\) gives 1 .*pass class_names"),
        (Named(), "abc", "sequence of names .*, not the str 'abc'"),
        (Named(), {1: "b", 0: "a", 2: "c"}, "sequence of names .*, not the dict"),
        (Named(), {"a", "b", "c"}, "sequence of names .*, not the set"),
        (Named(class_to_idx={"a": 0, "b": 1, "c": 3}), None, r"labels 0 to 2, .*\[0, 1, 3\]"),
        (
            Named(classes=["a", "b", "c"], class_to_idx={"a": 2, "b": 1, "c": 0}),
            None,
            "contradict",
        ),
        (ConcatDataset([Named(classes=list("abc")), Named(classes=list("xyz"))]), None, "differ"),
    ],
)
def test_names_that_cannot_be(dataset: Dataset[Any], names: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        class_names_of(dataset, 3, names)


@pytest.mark.parametrize("there", [None, [], ["a", "b", "c"], ["a", "b"], ["a", "b", "c", "d"]])
def test_labels_of_both_datasets_mean_the_same(there: Any) -> None:
    check_same_labels(Named(classes=["a", "b", "c"]), Named(classes=there))
    check_same_labels(Named(), Named(classes=there))


def test_a_missing_folder_shifts_the_labels(torchvision: ModuleType, tmp_path: Path) -> None:
    for split, names in (("train", ["ant", "bee", "cat"]), ("test", ["ant", "cat"])):
        for name in names:
            (tmp_path / split / name).mkdir(parents=True)
            Image.new("RGB", (2, 2)).save(tmp_path / split / name / "0.png")
    folders = [torchvision.datasets.ImageFolder(tmp_path / split) for split in ("train", "test")]
    message = "validation gives label 1 the name 'cat', but dataset the name 'bee'"
    with pytest.raises(ValueError, match=message):
        check_same_labels(folders[0], Subset(folders[1], [0]))


def test_an_image_folder(torchvision: ModuleType, tmp_path: Path) -> None:
    for name in ("dog", "ant"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (2, 2)).save(tmp_path / name / "0.png")
    folder = torchvision.datasets.ImageFolder(tmp_path)
    assert class_names_of(Subset(folder, [1]), 2) == ("ant", "dog")


def test_foreground_through_subset() -> None:
    marks = np.eye(6, dtype=bool)
    dataset = Named(foreground=lambda index: marks[[index]])
    both = Subset(ConcatDataset([Named(), dataset]), [0, 10])
    assert foreground_of(both, 0) is None
    np.testing.assert_array_equal(foreground_of(both, 1), marks[[4]])


def test_foreground_of_a_wrapper_wins() -> None:
    wrapper = Subset(Named(foreground=None), [3])
    wrapper.foreground = lambda index: np.full((1, 1), index == 0)  # type: ignore[attr-defined]
    np.testing.assert_array_equal(foreground_of(wrapper, 0), [[True]])


@pytest.mark.parametrize("mask", [np.ones((1, 2, 2), dtype=bool), np.ones((2, 2))])
def test_a_foreground_that_is_no_mask(mask: Any) -> None:
    dataset: Any = SimpleNamespace(foreground=lambda _: mask)
    with pytest.raises(ValueError, match=r"foreground\(4\) must return an \(H, W\) Boolean"):
        foreground_of(dataset, 4)


def test_paths_of_an_image_folder(torchvision: ModuleType, tmp_path: Path) -> None:
    for name in ("ant", "dog"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (2, 2)).save(tmp_path / name / "0.png")
    folder = torchvision.datasets.ImageFolder(tmp_path)
    assert path_of(folder, 1) == str(tmp_path / "dog" / "0.png")
    assert path_of(Subset(ConcatDataset([Named(), folder]), [7]), 0) == path_of(folder, 1)


@pytest.mark.parametrize("name", ["imgs", "_samples", "_image_files", "_images", "images"])
@pytest.mark.parametrize("entry", [lambda path: path, lambda path: (Path(path), 0)])
def test_paths_by_the_names_that_torchvision_uses(name: str, entry: Any) -> None:
    dataset = Named(**{name: [entry(f"{index}.png") for index in range(6)]})
    assert path_of(dataset, 4) == "4.png"


def test_paths_of_a_hugging_face_dataset(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    paths = [str(tmp_path / f"{index}.png") for index in range(3)]
    for path in paths:
        Image.new("RGB", (2, 2)).save(path)
    features = datasets.Features(label=datasets.Value("int64"), image=datasets.Image())
    found = datasets.Dataset.from_dict({"label": [0, 1, 0], "image": paths}, features=features)
    (tmp_path / "1.png").unlink()  # paths are told without reading images
    assert [path_of(found, index) for index in range(3)] == paths
    assert path_of(Subset(found.select([2, 1]), [1]), 0) == paths[1]
    assert path_of(found.with_transform(lambda rows: {"pixels": rows["label"]}), 1) == paths[1]
    embedded = datasets.Dataset.from_dict({"image": [Image.new("RGB", (2, 2))]})
    assert path_of(embedded, 0) is None
    both = ConcatDataset([found, [("image", 0)], found.select([1])])
    assert paths_of(both, [4, 3, 1, 0]) == [paths[1], None, paths[1], paths[0]]


@pytest.mark.parametrize(
    "dataset",
    [
        Named(),
        Named(images=np.zeros((6, 2, 2))),
        Named(samples=["a.png"]),  # of something else than the images
        Named(samples=[0] * 6),
        Named(features=3, with_format=3),
        ["a.png", "b.png"],
        ConcatDataset([Named()]),
    ],
)
def test_where_no_path_is_told(dataset: Any) -> None:
    assert path_of(dataset, 1) is None
    assert path_of(dataset, 99) is None

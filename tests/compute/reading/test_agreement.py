"""Names of classes against their labels, wherever either is told."""

from __future__ import annotations

import random
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional
from torch.utils.data import ConcatDataset, Dataset, Subset

from imbxai_widgets import analyze
from imbxai_widgets.compute.reading.agreement import hold_names_together
from imbxai_widgets.compute.reading.class_names import check_same_labels, class_names_of
from imbxai_widgets.compute.reading.labeled_images import LabeledImages
from imbxai_widgets.compute.reading.naming import Naming, namings, renamed, renumbered
from imbxai_widgets.datasets import class_counts, labels_of

NAMES = ("ant", "bee", "cat")
ORDER = ["cat", "ant", "bee"]  # of the logits


class Folder(Dataset[Any]):
    """Three images of each class, in the manner of `ImageFolder`."""

    def __init__(
        self,
        *classes: str,
        to: Callable[[Any], Any] | None = None,
        labels: Callable[[int], Any] = int,
        **attributes: Any,
    ) -> None:
        self.classes: Any = list(classes or NAMES)
        self.targets = [labels(label) for label in range(len(self.classes)) for _ in range(3)]
        self.target_transform = to
        self.__dict__.update(attributes)

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, Any]:
        """Return an image whose pixels tell its class: 0.1 for ant, 0.2 for bee and so on."""
        label = self.targets[index]
        number = NAMES.index(name) if (name := self.classes[index // 3]) in NAMES else 3
        image = torch.full((1, 2, 2), 0.1 * (number + 1))
        return image, label if self.target_transform is None else self.target_transform(label)


def ordered(label: int) -> int:
    return ORDER.index(NAMES[label])


def held(
    dataset: Any, validation: Any = None, class_names: Any = None, model: Any = None
) -> list[int]:
    """Return all labels as they are read."""
    train = LabeledImages(dataset, class_names=class_names)
    held_out = None if validation is None else LabeledImages(validation, class_names=class_names)
    hold_names_together(model or nn.Identity(), train, held_out, class_names)
    read = [*train, *(held_out or ())]
    return [label for _, label in read][::3]


# -- target_transform ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "to",
    [
        ordered,
        {0: 1, 1: 2, 2: 0}.get,
        lambda label: torch.tensor(ordered(label)),
        lambda label: functional.one_hot(torch.tensor(ordered(label)), 3),
        np.array([1, 2, 0]).__getitem__,
    ],
)
@pytest.mark.parametrize(
    "nest",
    [
        lambda folder: folder,
        lambda folder: Subset(folder, range(9)),
        lambda folder: ConcatDataset([Subset(folder, range(4)), folder]),
        lambda folder: Subset(ConcatDataset([folder, Folder("cat", "ant", "bee")]), range(12)),
        LabeledImages,
    ],
)
def test_names_follow_the_target_transform(
    to: Callable[[int], Any], nest: Callable[[Any], Any]
) -> None:
    dataset = nest(Folder(to=to))
    names = class_names_of(dataset, 3)
    assert names == ("cat", "ant", "bee")
    for image, label in LabeledImages(dataset):
        assert ORDER[label] == NAMES[round(float(image.mean()) * 10) - 1]
    held(dataset, class_names=["Cat", "Ant", "Bee"])
    with pytest.raises(ValueError, match="class_names gives 'Ant' the label 0, but dataset"):
        held(dataset, class_names=["Ant", "Bee", "Cat"])


def test_a_transform_of_names_and_labels_that_do_not_count_from_0() -> None:
    dataset = Folder(labels=NAMES.__getitem__, to=ORDER.index)
    assert class_names_of(dataset, 3) == ("cat", "ant", "bee")
    assert held(dataset) == [1, 2, 0]
    from_one = Folder(class_to_idx={"ant": 1, "bee": 2, "cat": 3}, to=lambda label: label - 1)
    from_one.classes = None
    assert class_names_of(from_one, 3) == NAMES


def test_names_that_a_transform_gives_are_numbered_by_the_dataset() -> None:
    dataset = Folder(to=NAMES.__getitem__)
    assert class_names_of(dataset, 3) == NAMES
    assert held(dataset) == [0, 1, 2]
    assert held(dataset, class_names=ORDER) == [1, 2, 0]


def test_merged_classes_have_no_name_of_their_own() -> None:
    dataset = Folder(to=lambda label: label // 2)
    with pytest.raises(ValueError, match=r"label 0 to the classes 'ant' and 'bee'.*class_names"):
        class_names_of(dataset, 2)
    assert class_names_of(dataset, 2, ["insect", "mammal"]) == ("insect", "mammal")
    assert held(dataset, class_names=["insect", "mammal"]) == [0, 0, 1]
    assert class_counts(dataset).tolist() == [6, 3]
    # A validation folder without bees, whose cats are merged with nothing.
    assert held(dataset, Folder("ant", "cat"), ["insect", "mammal"]) == [0, 0, 1, 0, 1]
    with pytest.raises(ValueError, match=r"'bee' the label 1, but dataset .* the label 0"):
        held(dataset, Folder(), ["insect", "mammal"])


@pytest.mark.parametrize(
    "to",
    [float, lambda label: label / 2, lambda _: None, lambda _: random.randrange(10**6)],
)
def test_a_transform_that_makes_no_labels_is_not_guessed(to: Callable[[int], Any]) -> None:
    state = random.getstate()
    with pytest.raises(ValueError, match=r"target_transform of the dataset .* not make one class"):
        class_names_of(Folder(to=to), 3)
    assert class_names_of(Folder(to=to), 3, ["x", "y", "z"]) == ("x", "y", "z")
    assert random.getstate() == state


def test_names_set_on_a_subset_must_be_those_behind_the_transform() -> None:
    view = Subset(Folder(to=ordered), range(9))
    view.classes = NAMES  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="'ant' the label 0, but the Folder inside it 1"):
        class_names_of(view, 3)
    view.classes = ORDER  # type: ignore[attr-defined]
    assert class_names_of(view, 3) == ("cat", "ant", "bee")


def test_folders_of_images(torchvision: ModuleType, tmp_path: Any) -> None:
    for name in NAMES:
        (tmp_path / name).mkdir()
        Image.new("RGB", (2, 2)).save(tmp_path / name / "0.png")
    folder = torchvision.datasets.ImageFolder(tmp_path, target_transform=ordered)
    assert class_names_of(ConcatDataset([Subset(folder, [0])]), 3) == ("cat", "ant", "bee")
    assert labels_of(folder).tolist() == [1, 2, 0]


@pytest.mark.filterwarnings("ignore:for .* equally near:UserWarning")
def test_an_analysis_calls_images_by_their_folders() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
    with torch.no_grad():  # each row is largest at the brightness of a class: cat, ant, bee
        model[1].weight.copy_(torch.tensor([[12.0], [4.0], [8.0]]).expand(3, 4))
        model[1].bias.copy_(torch.tensor([-7.2, -0.8, -3.2]))
    found = analyze(model, Folder(to=ordered), salient_fraction=None, k=1, progress=False)
    assert found.class_names == ("cat", "ant", "bee")
    assert [found.class_names[label] for label in found.labels[::3]] == list(NAMES)
    assert found.classes()["training_accuracy"].tolist() == [1, 1, 1]


# -- class_names and the datasets' own -----------------------------------------------------


@pytest.mark.parametrize("class_names", [None, ["Ant", "Bee", "Cat"], ["x", "y", "z"]])
@pytest.mark.parametrize(
    "nest", [lambda folder: folder, lambda folder: ConcatDataset([Subset(folder, [0, 5])])]
)
def test_a_missing_class_is_found_whatever_class_names_say(class_names: Any, nest: Any) -> None:
    message = r"'cat'(?s:.)*'bee'|'cat' the label 1, but dataset \(Folder\) the label 2"
    with pytest.raises(ValueError, match=message):
        held(nest(Folder()), nest(Folder("ant", "cat")), class_names)
    mended = Folder("ant", "cat", to=[0, 2].__getitem__)
    assert held(nest(Folder()), mended, class_names)[-2:] == [0, 2]


def test_validation_is_held_to_class_names_where_the_training_images_name_nothing() -> None:
    unnamed, message = [(torch.ones(1, 2, 2), 0)], r"gives 'Cat' the label 2, but validation \(Fold"
    with pytest.raises(ValueError, match=message):
        held(unnamed, Folder("ant", "cat"), ["Ant", "Bee", "Cat"])
    assert held(unnamed, Folder("ant", "bee"), ["Ant", "Bee", "Cat"])[0] == 0


def test_concatenated_folders_are_compared_too() -> None:
    both = ConcatDataset([Folder(), Folder("ant", "cat")])
    with pytest.raises(ValueError, match="concatenated datasets name their classes differently"):
        class_names_of(both, 3)
    with pytest.raises(ValueError, match=r"one of the concatenated .* 'cat' the label 2.* 1"):
        held(both, class_names=["Ant", "Bee", "Cat"])
    with pytest.raises(ValueError, match=r"one of the concatenated .* 'cat' the label 2.* 1"):
        held([(torch.ones(1, 2, 2), 0)], both, ["x", "y", "z"])
    alike = ConcatDataset([Folder("ant", "bee"), Folder()])
    assert class_names_of(alike, 3) == NAMES
    assert held(alike) == [0, 1, 0, 1, 2]


@pytest.mark.parametrize("names", [ORDER, ("CAT", "Ant", "bee"), [*ORDER[1:], "dog", "cat"]])
def test_class_names_in_another_order_than_the_labels(names: Any) -> None:
    with pytest.raises(ValueError, match=r"class_names gives '\w+' the label .*target_transform ="):
        held(Folder(), class_names=names)
    with pytest.raises(ValueError, match="class_names gives"):
        analyze(nn.Flatten(), Folder(), class_names=names, progress=False)
    assert held(Folder(to=lambda y: [n.lower() for n in names].index(NAMES[y])), None, names)


def test_a_model_of_more_classes_than_the_folders() -> None:
    with pytest.raises(ValueError, match=r"class_names gives 'cat' the label 3, .* label 2"):
        held(Folder(), class_names=["ant", "bee", "bird", "cat"])
    assert held(Folder(), class_names=["ant", "bee", "cat", "dog"]) == [0, 1, 2]


def test_names_of_another_vocabulary_are_not_compared() -> None:
    assert held(Folder(), class_names=["n01", "n02", "n03"]) == [0, 1, 2]
    assert held(Folder("crane", "dog", "crane"), class_names=["crane", "dog", "x"]) == [*(0, 1, 2)]


def test_labels_that_are_names_follow_class_names() -> None:
    dataset = Folder(labels=NAMES.__getitem__)
    assert held(dataset, class_names=ORDER) == [1, 2, 0]
    assert held(dataset, Folder("ant", "cat", labels=["ant", "cat"].__getitem__), ORDER) == [
        *[1, 2, 0],
        *[1, 0],
    ]


def test_other_names_for_one_label_are_warned_of() -> None:
    with pytest.warns(UserWarning, match=r"\(label 1 is 'bee' and 'Katze'\)"):
        assert held(Folder(), Folder("Ant", "Katze"), ["x", "y", "z"]) == [0, 1, 2, 0, 1]
    with pytest.raises(ValueError, match="label 1 the name 'Katze', but dataset the name 'bee'"):
        held(Folder(), Folder("Ant", "Katze"))


def test_white_space_case_and_hyphens_do_not_make_another_name() -> None:
    assert held(Folder("polar bear", "Ant"), Folder("polar_bear", "ant")) == [0, 1, 0, 1]
    # But they may tell two classes of one dataset apart, as with the dog and the garment.
    one, other = Folder("Cardigan", "cardigan"), Folder("cardigan", "Cardigan")
    with pytest.raises(ValueError, match="label 0 the name 'cardigan', but"):
        check_same_labels(one, other)
    check_same_labels(one, one)


@pytest.mark.parametrize("classes", [[("crane", "bird"), ("missile",), ("crane", "machine")]])
def test_names_with_aliases_do_not_contradict_each_other(classes: Any) -> None:
    """As torchvision's ImageNet has them: a dict holds a name once."""
    classes = [*classes, ("projectile", "missile")]
    indexed = {name: label for label, names in enumerate(classes) for name in names}
    assert indexed == {"crane": 2, "bird": 0, "missile": 3, "machine": 2, "projectile": 3}
    dataset = Folder(classes=classes, class_to_idx=indexed)
    names = ("crane (#0)", "missile", "crane (#2)", "projectile")
    assert class_names_of(dataset, 4) == names


# -- the model's names ---------------------------------------------------------------------


def configured(*names: str) -> nn.Module:
    model = nn.Sequential(nn.Linear(4, 3))
    model[0].config = SimpleNamespace(id2label=dict(enumerate(names)))
    return model


def test_names_in_the_configuration_of_the_model() -> None:
    assert held(Folder(), model=configured(*NAMES)) == [0, 1, 2]
    assert held(Folder(), model=configured("LABEL_0", "LABEL_1", "LABEL_2")) == [0, 1, 2]
    assert held(Folder(), model=configured("a", "b", "c")) == [0, 1, 2]
    assert held(Folder(), model=configured("cat", "ant", "bee", "dog")) == [0, 1, 2]  # a backbone's
    message = r"the model's config.id2label gives 'cat' the label 0, but dataset \(Folder\)"
    with pytest.raises(ValueError, match=message):
        held(Folder(), model=configured(*ORDER))
    assert held(Folder(to=ordered), model=configured(*ORDER)) == [1, 2, 0]
    with pytest.raises(ValueError, match=r"config.id2label gives 'cat' the label 0, but class_nam"):
        held([(torch.ones(1, 2, 2), 0)], class_names=NAMES, model=configured(*ORDER))


def test_class_labels_of_hugging_face_in_another_order() -> None:
    datasets = pytest.importorskip("datasets")

    def table(names: Any) -> Any:
        labels = datasets.ClassLabel(names=list(names))
        features = datasets.Features(image=datasets.Array3D((1, 2, 2), "float32"), label=labels)
        rows = {"image": [torch.ones(1, 2, 2).numpy()] * 3, "label": list(names)}
        return datasets.Dataset.from_dict(rows, features=features)

    train, validation = table(NAMES), table(ORDER)
    for class_names in (None, ["Ant", "Bee", "Cat"]):
        with pytest.raises(ValueError, match=r"label 0|'cat' the label 0"):
            held(train.with_format("torch"), validation.with_format("torch"), class_names)
    aligned = validation.align_labels_with_mapping({n: i for i, n in enumerate(NAMES)}, "label")
    assert held(train.with_format("torch"), aligned.with_format("torch")) == [0, 2]
    with pytest.raises(ValueError, match="align_labels_with_mapping"):
        held(train, model=configured(*ORDER))


# -- the rules themselves ------------------------------------------------------------------


def test_what_is_compared() -> None:
    one = Naming("a", (("ant", 0), ("bee", 1), ("fly", 1)))
    assert renumbered(one, Naming("b", (("fly", 2),))) == ("fly", 1, 2)
    assert renumbered(one, Naming("b", (("fly", 1), ("x", 0)))) is None
    assert renumbered(one, Naming("b", (("ant", 2), ("ant", 3)))) is None
    assert renamed(one, Naming("b", (("fly", 1), ("x", 0)))) == [(0, "ant", "x")]
    assert namings(Folder(to=str.upper), strict=False) == []


# -- folders that programs make ------------------------------------------------------------


def test_a_hidden_folder_is_named(torchvision: ModuleType, tmp_path: Any) -> None:
    for name in (".ipynb_checkpoints", "ant", "bee"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (2, 2)).save(tmp_path / name / "0.png")
    folder = torchvision.datasets.ImageFolder(tmp_path)
    message = r"takes '.ipynb_checkpoints' \(class 0\) for a class.*Delete the folder"
    with pytest.raises(ValueError, match=rf"gives 3 class names, but the model has 2.*{message}"):
        class_names_of(folder, 2)
    for class_names in (None, ["x", "y"]):
        with pytest.warns(UserWarning, match=message):
            hold_names_together(nn.Identity(), LabeledImages(folder), None, class_names)
    assert class_names_of(folder, 3) == (".ipynb_checkpoints", "ant", "bee")

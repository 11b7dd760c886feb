"""Every kind of dataset, label and image of `docs/datasets.md`, from end to end."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from dataset_cases import CASES, Case, Listed, Maker
from torch import nn

from imbxai_widgets import Explorer, analyze
from imbxai_widgets.datasets import class_counts, labels_of

N_CLASSES = 5


@pytest.fixture
def maker(torchvision: ModuleType, tmp_path: Path) -> Maker:
    return Maker(torchvision, pytest.importorskip("datasets"), tmp_path)


def network(case: Case) -> nn.Module:
    torch.manual_seed(0)
    n_classes = N_CLASSES if case.names is None else len(case.names)
    return nn.Sequential(
        nn.Conv2d(case.channels, 4, 3),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(16, n_classes),
    )


@pytest.mark.parametrize("name", CASES)
def test_it_is_analyzed(maker: Maker, name: str) -> None:
    case = CASES[name](maker)
    found = analyze(network(case), case.dataset, k=1, batch_size=3, progress=False, **case.options)
    assert found.labels.tolist() == case.labels
    assert found.class_names == (case.names or tuple(map(str, range(N_CLASSES))))
    assert found.images is not None
    np.testing.assert_array_equal([found.images[i] for i in range(len(case.labels))], case.shown)
    colors = found.color_counts
    assert colors is not None
    salient = np.ceil(0.1 * case.shown[0][..., 0].size)
    assert colors.sum(axis=1).tolist() == [
        salient * case.labels.count(label) for label in range(found.n_classes)
    ]


@pytest.mark.parametrize("name", CASES)
def test_labels_without_images_are_those_of_the_analysis(maker: Maker, name: str) -> None:
    case = CASES[name](maker)
    told = {key: case.options[key] for key in ("class_names", "keys") if key in case.options}
    if isinstance(case.dataset, Listed):
        with pytest.raises(TypeError, match="give it an attribute `targets`"):
            labels_of(case.dataset, **told)
        case.dataset.targets = [
            sample[told["keys"][1]] if told else sample[1] for sample in case.dataset
        ]
    assert labels_of(case.dataset, **told).tolist() == case.labels


@pytest.mark.parametrize("name", ["Hugging Face: image and label", "`ImageFolder` of pictures"])
def test_the_explorer_takes_a_transform_too(maker: Maker, name: str) -> None:
    case = CASES[name](maker)
    for fraction in (0.1, None):
        explorer = Explorer(
            network(case),
            case.dataset,
            k=1,
            progress=False,
            salient_fraction=fraction,
            **case.options,
        )
        assert explorer.analysis.labels.tolist() == case.labels


def test_class_sizes_of_a_hugging_face_dataset(maker: Maker) -> None:
    table = maker.table(label=maker.classes(("zebra", "ant", "bee", "cat")))
    assert class_counts(table).tolist() == [4, 2, 2, 0]


def test_validation_of_another_kind(maker: Maker) -> None:
    case = CASES["Hugging Face: image and label"](maker)
    pairs = list(zip(maker.pictures(), [2, 0, 1, 0, 1, 2, 0, 2], strict=True))
    found = analyze(
        network(case), case.dataset, validation=pairs, k=1, progress=False, **case.options
    )
    assert found.validation is not None
    assert found.validation.labels.tolist() == [2, 0, 1, 0, 1, 2, 0, 2]


def test_the_documented_table_is_what_is_tested() -> None:
    page = (Path(__file__).parents[1] / "docs" / "datasets.md").read_text(encoding="utf-8")
    rows = [re.split(r"\s*\|\s*", line)[1:-1] for line in page.splitlines() if line.startswith("|")]
    rows = [row for row in rows if row[0] and not set(row[0]) <= set("-: ") and row[1] != "pass"]
    assert [row[0] for row in rows] == list(CASES)


@pytest.mark.parametrize("name", CASES)
def test_the_documented_arguments_are_what_is_passed(maker: Maker, name: str) -> None:
    page = (Path(__file__).parents[1] / "docs" / "datasets.md").read_text(encoding="utf-8")
    (row,) = [line for line in page.splitlines() if line.startswith(f"| {name} |")]
    passed = re.findall(r"(\w+)=", row.split("|")[2])
    assert sorted(passed) == sorted(CASES[name](maker).options)

"""Imbalanced views: their sizes, their images, and that no image is read for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch.utils.data import ConcatDataset, Dataset, Subset, TensorDataset

from imbxai_widgets.datasets import (
    class_counts,
    imbalance_ratio,
    labels_of,
    long_tailed,
    long_tailed_sizes,
)
from imbxai_widgets.demo import load_demo


class Unread(Dataset[Any]):
    """Labels whose images must not be read."""

    def __init__(self, targets: Any, name: str = "targets", classes: Any = None) -> None:
        setattr(self, name, targets)
        self._size = len(targets)
        if classes is not None:
            self.classes = classes

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index: int) -> Any:
        pytest.fail(f"image {index} was read")


def balanced(n_classes: int, each: int) -> Unread:
    return Unread(np.tile(np.arange(n_classes), each))


def test_sizes_of_long_tailed_cifar() -> None:
    cifar10 = long_tailed(balanced(10, 5000), "exp", 100)
    assert class_counts(cifar10).tolist() == [
        *(5000, 2997, 1796, 1077, 645),
        *(387, 232, 139, 83, 50),
    ]
    assert len(cifar10) == 12_406
    assert imbalance_ratio(cifar10) == 100
    assert long_tailed_sizes(500, 100, "exp", 10)[[0, -1]].tolist() == [500, 50]


def test_sizes_of_a_step() -> None:
    assert class_counts(long_tailed(balanced(4, 50), "step", 5)).tolist() == [50, 50, 10, 10]
    assert long_tailed_sizes(50, 5, "step", 5).tolist() == [50, 50, 10, 10, 10]


@given(
    counts=st.lists(st.integers(1, 60), min_size=1, max_size=6),
    kind=st.sampled_from(["exp", "step"]),
    ratio=st.floats(1, 50),
    seed=st.integers(0, 9),
)
def test_a_view_has_the_sizes_asked_for(
    counts: list[int], kind: Any, ratio: float, seed: int
) -> None:
    dataset = Unread(np.repeat(np.arange(len(counts)), counts))
    shares = long_tailed_sizes(10**9, len(counts), kind, ratio) / 10**9
    largest = min(int(count / share + 1e-6) for count, share in zip(counts, shares, strict=True))
    expected = long_tailed_sizes(largest, len(counts), kind, ratio)
    assume(expected.all())
    view = long_tailed(dataset, kind, ratio, seed)
    assert class_counts(view).tolist() == expected.tolist()
    assert len(set(view.indices)) == len(view)
    assert sorted(view.indices) == list(view.indices)


def test_turning_imbalance_up_only_takes_images_away() -> None:
    dataset = balanced(10, 100)
    mild, strong = (set(long_tailed(dataset, ratio=ratio).indices) for ratio in (5, 50))
    assert strong < mild
    assert set(long_tailed(dataset, ratio=50, seed=1).indices) != strong
    assert set(long_tailed(dataset, ratio=50).indices) == strong


def test_labels_are_found_wherever_datasets_keep_them() -> None:
    expected = [2, 0, 2, 1]
    images = torch.zeros(4, 1, 2, 2)
    for dataset in (
        Unread(expected),
        Unread(np.array(expected, dtype=np.uint8)),
        Unread(torch.tensor(expected)),
        Unread(expected, name="labels"),
        TensorDataset(images, torch.tensor(expected)),
        list(zip(images, expected, strict=True)),
        ConcatDataset([Unread(expected[:1]), Unread(expected[1:])]),
        Subset(Unread([9, *expected, 9]), [1, 2, 3, 4]),
    ):
        assert labels_of(dataset).tolist() == expected
        assert labels_of(dataset).dtype == np.int64
    assert class_counts(Unread(expected)).tolist() == [1, 1, 2]


def test_classes_without_images_count_if_the_dataset_names_them() -> None:
    dataset = Unread([0, 0, 1], classes=["a", "b", "c"])
    assert class_counts(dataset).tolist() == [2, 1, 0]
    assert class_counts(Subset(dataset, [2])).tolist() == [0, 1, 0]
    assert imbalance_ratio(dataset) == 2


def test_the_view_of_the_emoji_keeps_images_and_names() -> None:
    _, train, _ = load_demo()
    view = long_tailed(train, "exp", 10)
    image, label = view[0]
    assert torch.equal(image, train[view.indices[0]][0])
    assert label == train.targets[view.indices[0]]
    counts = class_counts(view)
    assert counts.tolist() == long_tailed_sizes(int(counts[0]), 10, "exp", 10).tolist()


def test_what_cannot_be_is_said() -> None:
    class Silent(Unread):
        targets = None

    with pytest.raises(ValueError, match="ratio must be 1 or more"):
        long_tailed(balanced(2, 5), ratio=0.1)
    with pytest.raises(ValueError, match="ratio must be 1 or more"):
        long_tailed(balanced(2, 5), ratio=float("nan"))
    with pytest.raises(ValueError, match='kind must be "exp" or "step", not \'linear\''):
        long_tailed(balanced(2, 5), "linear")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="leave class 1 without images"):
        long_tailed(balanced(2, 5), ratio=10)
    with pytest.raises(ValueError, match="no images"):
        long_tailed(Unread([]))
    with pytest.raises(ValueError, match="no images"):
        imbalance_ratio(Unread(np.array([], dtype=np.int64)))
    with pytest.raises(TypeError, match="attribute `targets`"):
        labels_of(Silent([0], name="hidden"))
    with pytest.raises(ValueError, match="image 1 must not be negative, but is -1"):
        labels_of(Unread([0, -1]))
    with pytest.raises(ValueError, match=r"label of image 0 must be an integer, but is 0\.5"):
        labels_of(Unread([0.5]))

"""The first images tell what would fail after a long pass."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from imbxai_widgets.compute.embedding.options import PassOptions
from imbxai_widgets.compute.embedding.preflight import preflight
from imbxai_widgets.compute.reading.labeled_images import LabeledImages


def network(classes: int = 3) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(48, classes))


def images(number: int = 6, value: float = 0.5) -> LabeledImages:
    return LabeledImages([(torch.full((3, 4, 4), value), index % 3) for index in range(number)])


class Noisy(torch.utils.data.Dataset[Any]):
    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> Any:
        return torch.rand(3, 4, 4) if index == 5 else torch.ones(3, 4, 4), index % 3


def test_it_tells_the_names_and_which_images_change() -> None:
    options = PassOptions(class_names=["a", "b", "c"])
    with pytest.warns(UserWarning, match="image 5 of validation is another one"):
        first = preflight(network(), images(), LabeledImages(Noisy()), options, k=5)
    assert first == (("a", "b", "c"), (None, 5))
    assert first.n_classes == 3


@pytest.mark.parametrize("shown", [True, False])
def test_images_must_be_fit_to_be_shown_only_where_they_are(shown: bool) -> None:
    bright, options = images(value=7.0), PassOptions(salient_fraction=None)
    if shown:
        with pytest.raises(ValueError, match="values run from 7 to 7"):
            preflight(network(), bright, None, options, k=1, shown=True)
    else:
        assert preflight(network(), bright, None, options, k=1).n_classes == 3


def test_faults_come_in_their_order() -> None:
    few, wrong = images(2), LabeledImages([(torch.ones(3, 4, 4), 5)] * 2)
    with pytest.raises(ValueError, match="label 5, but the model has 3 logits"):
        preflight(network(), wrong, None, PassOptions(class_names=["a", "b"]), k=9)
    with pytest.raises(ValueError, match="2 class names"):
        preflight(network(), few, None, PassOptions(class_names=["a", "b"]), k=9)
    with pytest.raises(ValueError, match="k=9 neighbors need at least 10 images"):
        preflight(network(), few, LabeledImages(Noisy()), PassOptions(), k=9)

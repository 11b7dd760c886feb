"""A closer look at single images is what the pass made of them."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from imbxai_widgets.compute.embedding.embedded import Embedded
from imbxai_widgets.compute.embedding.network import KnownImages, Look, ModelChanged, Network
from imbxai_widgets.compute.embedding.one_pass import embed
from imbxai_widgets.compute.embedding.options import Saliency
from imbxai_widgets.compute.embedding.saliency import count_colors
from imbxai_widgets.compute.numeric.probabilities import TopProbabilities

FRACTION = 0.2
SCHEME = "perceptual"


class Pictures(torch.utils.data.Dataset[tuple[Tensor, int]]):
    """Random images, of which some show their object in one half."""

    def __init__(self, size: int = 30, *, halves: bool = False) -> None:
        generator = torch.Generator().manual_seed(3)
        self.images = torch.rand(size, 3, 8, 8, generator=generator)
        self.halves = halves

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.images[index], index % 4

    def foreground(self, index: int) -> np.ndarray:
        pixels = np.ones((8, 8), dtype=bool)
        if self.halves and index % 2:
            pixels[:, :4] = False
        return pixels


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1),
        nn.BatchNorm2d(6),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(6, 4),
    )


def flat() -> nn.Sequential:
    """A network whose gradient is the same all over an image, so that all pixels are tied."""
    torch.manual_seed(0)
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 4))


def passed(model: nn.Module, images: Pictures) -> Embedded:
    return embed(
        model, images, salient_fraction=FRACTION, batch_size=12, progress=False, device="cpu"
    )


def at_hand(model: nn.Module, images: Pictures, **changes: Any) -> Network:
    found = passed(model, images)
    known = KnownImages(images, found.labels, changes.pop("top", found.top))
    options: dict[str, Any] = {"saliency": Saliency(FRACTION, SCHEME), "device": "cpu", **changes}
    return Network(model, {"training": known}, **options)


def counts_of(look: Look) -> np.ndarray:
    assert look.images is not None
    assert look.salient is not None
    assert look.tied is not None
    assert look.room is not None
    return count_colors(look.images, look.salient, look.tied, look.room, SCHEME)


@pytest.mark.parametrize("make", [network, flat])
@pytest.mark.parametrize("halves", [False, True])
def test_salient_pixels_are_those_whose_colors_were_counted(make: Any, halves: bool) -> None:
    model, images = make(), Pictures(halves=halves)
    expected = passed(model, images).color_counts
    assert expected is not None
    at = at_hand(model, images)
    for row in range(len(images)):
        look = at.look("training", [row])
        np.testing.assert_array_equal(counts_of(look), expected[row : row + 1])
        assert look.salient is not None
        if halves and row % 2:
            assert not look.salient[0, :, :4].any()
    together = at.look("training", range(5, 20))
    np.testing.assert_array_equal(counts_of(together), expected[5:20])


def test_logits_and_saliency_are_the_networks_own() -> None:
    model, images = network(), Pictures()
    look = at_hand(model, images).look("training", [3, 17])
    own = copy.deepcopy(model).eval()
    leaf = images.images[[3, 17]].clone().requires_grad_()
    logits = own(leaf)
    logits.max(dim=1).values.sum().backward()
    np.testing.assert_allclose(look.logits, logits.detach().numpy(), rtol=1e-5, atol=1e-6)
    assert leaf.grad is not None
    np.testing.assert_allclose(look.saliency, leaf.grad.abs().amax(dim=1).numpy(), rtol=1e-4)
    assert look.activation is None


def test_the_map_of_a_feature_has_the_feature_as_its_average() -> None:
    model, images = network(), Pictures()
    at, embeddings = at_hand(model, images), passed(model, images).embeddings
    for feature in (0, 5):
        maps = at.look("training", [1, 2], feature=feature, saliency=False).activation
        assert maps is not None
        assert maps.shape == (2, 8, 8)
        np.testing.assert_allclose(maps.mean(axis=(1, 2)), embeddings[[1, 2], feature], rtol=1e-5)
        assert maps.std() > 0
    with pytest.raises(ValueError, match="feature must be 0 to 5, not 6"):
        at.look("training", [0], feature=6)


def test_an_embedding_that_is_no_average_has_no_map() -> None:
    torch.manual_seed(1)
    model = nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(72, 4))
    assert at_hand(model, Pictures()).look("training", [0], feature=1).activation is None


class LastChannels(nn.Module):
    """Maps whose features are on the last axis, as inside a Swin transformer."""

    def forward(self, images: Tensor) -> Tensor:
        return images.permute(0, 2, 3, 1).repeat(1, 1, 1, 2)


class Averages(nn.Module):
    def forward(self, maps: Tensor) -> Tensor:
        return maps.mean(dim=(1, 2))


def test_maps_with_the_features_last_are_found_as_well() -> None:
    model = nn.Sequential(LastChannels(), Averages(), nn.Linear(6, 4))
    images = Pictures()
    maps = at_hand(model, images).look("training", [4], feature=2).activation
    assert maps is not None
    np.testing.assert_array_equal(maps[0], images.images[4, 2].numpy())


def test_the_network_is_left_as_it_was() -> None:
    model, images = network().train(), Pictures()
    model[3].eval()
    model[0].weight.requires_grad_(False)
    at = at_hand(model, images)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    at.look("training", [0], feature=1)
    assert [module.training for module in model] == [True, True, True, False, True, True, True]
    assert not model[0].weight.requires_grad
    assert model[6].weight.requires_grad
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert all(not module._forward_hooks for module in model.modules())
    assert torch.is_grad_enabled()
    assert model[6].weight.grad is None


def test_a_network_that_changed_is_refused_before_anything_is_shown() -> None:
    model, images = network(), Pictures()
    at = at_hand(model, images)
    at.check()
    with torch.no_grad():
        model[6].weight[1] += 0.05
    for ask in (at.check, lambda: at.look("training", [0])):
        with pytest.raises(ModelChanged, match="the model has changed since the analysis"):
            ask()
    with torch.no_grad():
        model[6].weight[1] -= 0.05
    at.check()
    other = Network(nn.Sequential(nn.Flatten(), nn.Linear(192, 3)), at._splits)
    with pytest.raises(ModelChanged, match="3 logits, fewer than"):
        other.check()


def test_where_predictions_alone_are_known_these_are_compared() -> None:
    model, images = network(), Pictures()
    top = passed(model, images).top
    unknown = TopProbabilities(
        top.classes[:, :1], np.full((30, 1), np.nan, np.float32), np.full(30, np.nan, np.float32)
    )
    at_hand(model, images, top=unknown).check()
    wrong = unknown._replace(classes=(unknown.classes + 1) % 4)
    with pytest.raises(ModelChanged):
        at_hand(model, images, top=wrong).check()


def test_without_saliency_there_is_none_and_what_is_not_at_hand_is_said() -> None:
    model, images = network(), Pictures()
    look = at_hand(model, images, saliency=None).look("training", [0])
    assert (look.saliency, look.salient, look.images) == (None, None, None)
    with pytest.raises(ValueError, match="the validation images are not at hand"):
        at_hand(model, images).look("validation", [0])
    with pytest.raises(ValueError, match="rows"):
        at_hand(model, images).look("training", [30])

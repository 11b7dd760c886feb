"""Heads that are read as arrays, and those that are not linear."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from imbxai_widgets.compute.embedding.found_head import FoundHead
from imbxai_widgets.compute.embedding.one_pass import embed
from imbxai_widgets.compute.numeric.head import Head
from imbxai_widgets.compute.numeric.probabilities import top_probabilities
from imbxai_widgets.training.networks import NormalizedLinear

D, C = 6, 3


class Cosine(nn.Module):
    """As in the code of LDAM's authors: weights (D, C), the scale in the loss or behind."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(D, C))

    def forward(self, x: Tensor) -> Tensor:
        return F.normalize(x, dim=1).mm(F.normalize(self.weight, dim=0))


class Net(nn.Module):
    """Features, a head, and what is made of its output."""

    def __init__(self, head: nn.Module, behind: Callable[[Tensor], Tensor] = lambda x: x) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Flatten(), nn.Linear(12, D), nn.ReLU())
        self.head, self.behind = head, behind

    def forward(self, x: Tensor) -> Tensor:
        return self.behind(self.head(self.features(x)))


class Pooled(nn.Module):
    """A network whose head is a convolution, averaged over the image."""

    def __init__(self, relu: bool = False) -> None:
        super().__init__()
        self.features, self.head, self.relu = nn.Conv2d(3, D, 1), nn.Conv2d(D, C, 1), relu

    def forward(self, x: Tensor) -> Tensor:
        maps = self.head(self.features(x))
        return (maps.relu() if self.relu else maps).mean(dim=(2, 3))


class Gated(nn.Linear):
    """A layer with a weight matrix that is not linear."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * x.norm(dim=1, keepdim=True)


def images(n: int = 20, dtype: torch.dtype = torch.float32) -> list[tuple[Tensor, int]]:
    generator = torch.Generator().manual_seed(1)
    return [(torch.randn(3, 2, 2, generator=generator).to(dtype), i % C) for i in range(n)]


def found(model: nn.Module, data: Any = None, **options: Any) -> Head | None:
    head = embed(model.eval(), data or images(), progress=False, **options).head
    return None if head is None else head.head


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("bias", [True, False])
def test_a_linear_head_is_read(bias: bool) -> None:
    layer = nn.Linear(D, C, bias=bias)
    head = found(Net(layer))
    assert head is not None
    assert np.array_equal(head.weight, layer.weight.detach().numpy())
    assert (head.bias is None) == (not bias)
    if head.bias is not None:
        assert np.array_equal(head.bias, layer.bias.detach().numpy())
    assert (head.scale, head.normalized) == (1.0, False)


@pytest.mark.parametrize("scale", [30.0, 12.3456])
def test_the_cosine_head_of_ldam_is_read_with_its_scale(scale: float) -> None:
    layer = NormalizedLinear(D, C, scale=scale)
    head = found(Net(layer))
    assert head is not None
    assert head.normalized
    assert head.bias is None
    assert head.scale == pytest.approx(scale, rel=1e-5)
    assert np.array_equal(head.weight, layer.weight.detach().numpy())


def test_a_cosine_head_by_hand_is_read_whichever_way_its_weights_lie() -> None:
    layer = Cosine()
    head = found(Net(layer, lambda x: 16 * x))
    assert head is not None
    assert (head.scale, head.normalized) == (16.0, True)
    assert np.array_equal(head.weight, layer.weight.detach().numpy().T)


def test_a_temperature_is_the_scale() -> None:
    head = found(Net(nn.Linear(D, C), lambda x: x / 4))
    assert head is not None
    assert (head.scale, head.normalized) == (0.25, False)


def test_parametrized_weights_are_read_as_they_act() -> None:
    layer = nn.utils.parametrizations.weight_norm(nn.Linear(D, C))
    head = found(Net(layer))
    assert head is not None
    assert np.array_equal(head.weight, layer.weight.detach().numpy())


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_heads_of_other_types_are_read(dtype: torch.dtype) -> None:
    model = Net(nn.Linear(D, C)).to(dtype)
    result = embed(model.eval(), images(), progress=False)
    assert result.head is not None
    head = result.head.head
    wanted = model.head.weight.detach().float().numpy()
    assert np.array_equal(head.weight, wanted)
    assert result.head.misfit(result.embeddings, result.top) is None


def test_a_convolution_that_is_averaged_is_a_linear_head() -> None:
    model = Pooled()
    head = found(model)
    assert head is not None
    assert np.array_equal(head.weight, model.head.weight.detach().numpy()[:, :, 0, 0])


@pytest.mark.parametrize(
    ("model", "options"),
    [
        (Pooled(relu=True), {}),
        (Net(Gated(D, C)), {}),
        (Net(nn.Sequential(nn.Linear(D, 8), nn.ReLU(), nn.Linear(8, C))), {"layer": "features"}),
    ],
    ids=["relu behind", "gated", "two layers"],
)
def test_what_is_not_linear_is_no_head(model: nn.Module, options: dict[str, Any]) -> None:
    assert found(model, **options) is None


def test_with_a_layer_given_the_head_is_that_of_its_output() -> None:
    layer = nn.Linear(D, C)
    head = found(Net(layer), layer="features")
    assert head is not None
    assert np.array_equal(head.weight, layer.weight.detach().numpy())


def test_the_last_layer_of_several_is_the_head_of_its_own_input() -> None:
    layers = nn.Sequential(nn.Linear(D, 8), nn.ReLU(), nn.Linear(8, C))
    head = found(Net(layers))
    assert head is not None
    assert head.weight.shape == (C, 8)


def test_a_cached_pass_has_a_head_too(tmp_path: Any) -> None:
    model = Net(nn.Linear(D, C))
    first, second = (found(model, cache=tmp_path, batch_size=4) for _ in range(2))
    assert first is not None
    assert second is not None
    assert np.array_equal(first.weight, second.weight)


def test_an_image_that_the_head_does_not_explain_is_named() -> None:
    generator = np.random.default_rng(0)
    head = Head(generator.normal(size=(12, 4)))
    embeddings = generator.normal(size=(9, 4)).astype(np.float32)
    logits = head.logits(embeddings)
    fits = top_probabilities(torch.from_numpy(logits), np.zeros(9, dtype=np.int64))
    assert FoundHead(head).misfit(embeddings, fits) is None
    logits[5, int(logits[5].argsort()[-3])] += 1e-2
    other = top_probabilities(torch.from_numpy(logits), np.zeros(9, dtype=np.int64))
    assert FoundHead(head).misfit(embeddings, other) == 5
    unknown = fits._replace(probabilities=np.full_like(fits.probabilities, np.nan))
    assert FoundHead(head).misfit(embeddings, unknown) is None
    wrong = unknown._replace(classes=np.roll(fits.classes, 1, axis=1))
    assert FoundHead(head).misfit(embeddings, wrong) == 0

"""A fused copy computes what the network does, and leaves the network alone."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from imbxai_widgets.compute.embedding.fused import fused_copy
from imbxai_widgets.demo import load_demo


def randomized(model: nn.Module) -> nn.Module:
    """Give every batch normalization statistics and weights of its own."""
    torch.manual_seed(0)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d) and module.running_mean is not None:
            assert module.running_var is not None
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
            if module.affine:
                nn.init.normal_(module.weight, 1, 0.2)
                nn.init.normal_(module.bias)
    return model.eval().requires_grad_(False)


def pieces(*layers: nn.Module) -> nn.Module:
    return randomized(nn.Sequential(*layers))


def n_normalizations(model: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in model.modules())


def assert_same_function(model: nn.Module, copy: nn.Module, side: int = 32) -> None:
    images = torch.rand(3, 3, side, side)
    outputs: list[Tensor] = []
    gradients: list[Tensor] = []
    for network in (model, copy):
        leaf = images.clone().requires_grad_()
        logits = network(leaf)
        (gradient,) = torch.autograd.grad(logits.max(dim=1).values.sum(), leaf)
        outputs.append(logits)
        gradients.append(gradient)
    for (one, other), bound in zip((outputs, gradients), (1e-5, 1e-3), strict=True):
        # Of the whole, for rounding decides which of two equal inputs a max-pool lets through.
        assert torch.linalg.vector_norm(one - other) < bound * torch.linalg.vector_norm(one)


def test_the_demo_network_fuses_whole() -> None:
    model = load_demo().model.requires_grad_(False)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    copy = fused_copy(model)
    assert copy is not None
    assert n_normalizations(copy) == 0 < n_normalizations(model)
    assert_same_function(model, copy)
    assert {name for name, _ in copy.named_modules()} >= {"head"}
    after = model.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    own = {value.data_ptr() for value in model.state_dict().values()}
    assert not own & {value.data_ptr() for value in copy.state_dict().values()}


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small"])
def test_networks_of_torchvision_compute_the_same(torchvision: ModuleType, name: str) -> None:
    model = randomized(getattr(torchvision.models, name)(num_classes=5))
    copy = fused_copy(model)
    assert copy is not None
    assert n_normalizations(copy) == 0
    assert_same_function(model, copy, side=64)


class Branching(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    def forward(self, images: Tensor) -> Tensor:
        if images.mean() > 0:
            images = -images
        return self.norm(self.conv(images)).mean(dim=(2, 3))


class Shared(nn.Module):
    """One convolution before two normalizations, and one whose output goes two ways."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.first, self.second = (
            nn.Conv2d(3, 3, 1),
            nn.BatchNorm2d(3),
            nn.BatchNorm2d(3),
        )
        self.fork, self.norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)
        self.last, self.end = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

    def forward(self, images: Tensor) -> Tensor:
        images = self.second(self.conv(self.first(self.conv(images))))
        both = self.fork(images)
        return self.end(self.last(self.norm(both) + both)).mean(dim=(2, 3))


def test_what_serves_twice_is_not_fused() -> None:
    model = randomized(Shared())
    copy = fused_copy(model)
    assert copy is not None
    assert n_normalizations(copy) == 3
    assert_same_function(model, copy)


class Uncopied(nn.Sequential):
    def __deepcopy__(self, memo: Any) -> Any:
        raise RuntimeError("not to be copied")


CONV = (nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))


@pytest.mark.parametrize(
    "model",
    [
        pieces(nn.Conv2d(3, 4, 3), nn.ReLU()),
        pieces(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 3)),
        pieces(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=False)),
        randomized(Branching()),
        Uncopied(*CONV).eval(),
        pieces(*CONV).train(),
    ],
    ids=["no norm", "norm first", "norm of the batch", "branching", "no copy", "training mode"],
)
def test_what_cannot_be_told_is_left_alone(model: nn.Module) -> None:
    assert fused_copy(model) is None


def test_hooks_are_not_lost() -> None:
    model = pieces(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    assert fused_copy(model) is not None
    model[1].register_forward_hook(lambda *_: None)  # type: ignore[operator]
    assert fused_copy(model) is None

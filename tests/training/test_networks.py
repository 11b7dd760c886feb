"""The residual networks: their size, their embeddings, and that they can be analyzed."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from imbxai_widgets import analyze
from imbxai_widgets.training.networks import NormalizedLinear, ResNet


# He et al. (2016), table 6: 0.27, 0.46 and 0.85 million parameters.
@pytest.mark.parametrize(("depth", "millions"), [(20, 0.27), (32, 0.46), (56, 0.85)])
def test_networks_have_the_size_in_their_paper(depth: int, millions: float) -> None:
    model = ResNet(depth, 10)
    total = sum(parameter.numel() for parameter in model.parameters())
    assert total / 1e6 == pytest.approx(millions, abs=0.01)
    layers = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(layers) == depth


@pytest.mark.parametrize("scale", [None, 30.0])
def test_a_network_gives_64_embeddings_to_the_analysis(scale: float | None) -> None:
    torch.manual_seed(0)
    model = ResNet(20, 3, scale)
    assert isinstance(model.head, NormalizedLinear) == (scale is not None)
    images = [(torch.rand(3, 16, 16), label % 3) for label in range(12)]
    analysis = analyze(model, images)
    assert analysis.embeddings.shape == (12, 64)
    assert (analysis.embeddings >= 0).all()


def test_other_depths_are_refused() -> None:
    for depth in (18, 2):
        with pytest.raises(ValueError, match=rf"depth must be 6 n \+ 2.*not {depth}"):
            ResNet(depth, 10)

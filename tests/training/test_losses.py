"""LDAM margins and deferred weights against the formulas of their papers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from imbxai_widgets.datasets import long_tailed_sizes
from imbxai_widgets.training.losses import LDAMLoss, effective_number_weights, ldam_margins
from imbxai_widgets.training.networks import NormalizedLinear

CIFAR10_LT = long_tailed_sizes(5000, 10, "exp", 100)
counts_of_classes = st.lists(st.integers(1, 5000), min_size=2, max_size=8)


@given(counts_of_classes, st.floats(0.05, 1))
def test_margins_fall_with_the_fourth_root_of_the_class_size(
    counts: list[int], max_margin: float
) -> None:
    margins = ldam_margins(counts, max_margin).double().numpy()
    assert margins.max() == pytest.approx(max_margin, rel=1e-6)
    scaled = margins * np.array(counts) ** 0.25
    np.testing.assert_allclose(scaled, scaled[0], rtol=1e-6)


def test_margins_of_long_tailed_cifar() -> None:
    margins = ldam_margins(CIFAR10_LT)
    assert margins[-1] == 0.5
    # A class of 100 times as many images has a margin smaller by the fourth root of 100.
    assert float(margins[0]) == pytest.approx(0.5 / 10**0.5)


@given(counts_of_classes, st.sampled_from([0.0, 0.9, 0.999, 0.9999]))
def test_weights_are_inverse_to_the_effective_number_of_images(
    counts: list[int], beta: float
) -> None:
    weights = effective_number_weights(counts, beta).double().numpy()
    # Cui et al. (2019), proposition 1: the effective number is 1 + beta + ... + beta^(n - 1).
    effective = np.array([np.sum(beta ** np.arange(count)) for count in counts])
    np.testing.assert_allclose(weights, 1 / effective / np.mean(1 / effective), rtol=1e-5)


@pytest.mark.parametrize("weighted", [False, True])
def test_loss_is_that_of_the_paper(weighted: bool) -> None:
    counts, scale, max_margin = np.array([40, 7, 200]), 30.0, 0.5
    torch.manual_seed(0)
    head = NormalizedLinear(5, 3, scale)
    embeddings = torch.randn(6, 5)
    labels = torch.tensor([0, 1, 2, 2, 1, 0])
    weight = effective_number_weights(counts) if weighted else None
    loss = LDAMLoss(counts, max_margin, scale, weight)(head(embeddings), labels)

    # Cao et al. (2019), equations 10 and 13, image by image, in double precision.
    rows = head.weight.detach().double().numpy()
    margins = counts**-0.25 / (counts**-0.25).max() * max_margin
    losses, weights = [], []
    for embedding, label in zip(embeddings.double().numpy(), labels.tolist(), strict=True):
        norms = np.linalg.norm(rows, axis=1) * np.linalg.norm(embedding)
        powers = np.exp(scale * (rows @ embedding / norms - margins * (np.arange(3) == label)))
        losses.append(-np.log(powers[label] / powers.sum()))
        weights.append(1.0 if weight is None else float(weight[label]))
    assert loss.item() == pytest.approx(np.average(losses, weights=weights), rel=1e-5)


def test_head_sees_angles_only_and_is_found_by_its_type() -> None:
    head = NormalizedLinear(4, 3, scale=20)
    embeddings = torch.randn(10, 4, generator=torch.Generator().manual_seed(0))
    logits = head(embeddings)
    assert isinstance(head, nn.Linear)
    assert head.bias is None
    torch.testing.assert_close(head(7 * embeddings), logits)
    head.weight.data *= 5
    torch.testing.assert_close(head(embeddings), logits)
    assert logits.abs().max() <= 20 + 1e-4
    torch.testing.assert_close(head(head.weight).diagonal(), torch.full((3,), 20.0))


def test_what_cannot_be_is_said() -> None:
    for wrong in ([5, 0], []):
        with pytest.raises(ValueError, match="counts must be 1 or more for each class"):
            ldam_margins(wrong if wrong else np.array([], dtype=np.int64))
    with pytest.raises(ValueError, match="counts must hold integers"):
        effective_number_weights([1.5])
    with pytest.raises(ValueError, match="max_margin must be above 0, not 0"):
        LDAMLoss([1, 2], max_margin=0)
    with pytest.raises(ValueError, match="beta must be from 0 to below 1, not 1"):
        effective_number_weights([1, 2], beta=1)
    with pytest.raises(ValueError, match="gives 3 logits, but counts are of 2 classes"):
        LDAMLoss([1, 2])(torch.zeros(1, 3), torch.tensor([0]))

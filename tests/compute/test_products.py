"""Products by oneDNN are those of PyTorch, and serve only while they keep float32's bits."""

from __future__ import annotations

import pytest
import torch

from imbxai_widgets.compute.numeric import products
from imbxai_widgets.compute.numeric.products import offset_product, onednn_rounds_as_float32

CPU = torch.device("cpu")


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="PyTorch lacks oneDNN")
@pytest.mark.parametrize(("rows", "others", "width"), [(1, 1, 1), (70, 33, 64), (300, 500, 17)])
def test_values_are_those_in_float64(rows: int, others: int, width: int) -> None:
    torch.manual_seed(0)
    left, right = torch.randn(rows, width), torch.randn(others, width)
    offsets = right.square().sum(dim=1)
    offsets[::5] = torch.inf
    product = offset_product(torch.float32, CPU, 2**40)
    assert product is products.by_onednn
    found = product(offsets, left, right)
    expected = offsets.double() - 2 * left.double() @ right.double().T
    torch.testing.assert_close(found, expected.float(), rtol=1e-5, atol=1e-4)
    assert offset_product(torch.float32, CPU, 2**20) is products.by_pytorch


def test_what_would_be_rounded_to_fewer_bits_pytorch_multiplies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exact = products._linear
    monkeypatch.setattr(
        products,
        "_linear",
        lambda left, right, offsets: exact(left.bfloat16().float(), right, offsets),
    )
    assert not onednn_rounds_as_float32()
    assert offset_product(torch.float32, CPU, 2**40) is products.by_pytorch


def test_a_pytorch_without_it_multiplies_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def absent(*_: torch.Tensor) -> torch.Tensor:
        raise AttributeError("_linear_pointwise")

    monkeypatch.setattr(products, "_linear", absent)
    assert offset_product(torch.float32, CPU, 2**40) is products.by_pytorch
    assert offset_product(torch.float64, CPU, 2**40) is products.by_pytorch

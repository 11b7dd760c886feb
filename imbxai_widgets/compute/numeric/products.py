"""Products of two sets of rows, in the quickest way that rounds as float32 does."""

from __future__ import annotations

from typing import Final, Protocol

import torch
from torch import Tensor

# Multiplications of a whole task, some ten milliseconds, from which on oneDNN serves. It keeps what
# it has compiled, 0.7 MB for each size, of up to 1,024 sizes.
_MANY: Final = 2**30


class OffsetProduct(Protocol):
    """Makes ``offsets - 2 * left @ right.T``: squared distances, but for the norms of `left`.

    Of offsets (N,), left (M, D) and right (N, D) of one type on one device it is (M, N), in `out`
    or in memory of its own.
    """

    def __call__(
        self, offsets: Tensor, left: Tensor, right: Tensor, out: Tensor | None = None
    ) -> Tensor:
        """Return the product. Offsets may be infinite."""


def offset_product(dtype: torch.dtype, device: torch.device, multiplications: int) -> OffsetProduct:
    """Return what makes products of a type on a device in the least time.

    PyTorch multiplies float32 by MKL, which on processors of other makers than its own runs at
    half the rate of oneDNN (docs/speed.md). oneDNN rounds to fewer bits where it was told to; then,
    and where PyTorch lacks it, PyTorch's own product serves.

    Parameters
    ----------
    dtype
        Floating.
    device
        Where the rows are.
    multiplications
        How many all the products take. They should have few sizes: for each, oneDNN compiles.

    Examples
    --------
    >>> product = offset_product(torch.float32, torch.device("cpu"), 6)
    >>> product(torch.ones(2), torch.ones(1, 3), torch.eye(2, 3))
    tensor([[-1., -1.]])
    """
    of_floats = dtype == torch.float32 and device.type == "cpu"
    if of_floats and multiplications >= _MANY and onednn_rounds_as_float32():
        return by_onednn
    return by_pytorch


def onednn_rounds_as_float32() -> bool:
    """Tell whether PyTorch has oneDNN, and its products keep all bits of float32 now."""
    values = (1 + 2.0 ** -torch.arange(8, 24).to(torch.float32)[:, None]).repeat(1, 64)
    try:
        return torch.equal(_linear(values, torch.eye(64), torch.zeros(64)), values)
    except (AttributeError, RuntimeError):  # PyTorch was built without it
        return False


def by_pytorch(offsets: Tensor, left: Tensor, right: Tensor, out: Tensor | None = None) -> Tensor:
    """Be an `OffsetProduct` of any sizes."""
    return torch.addmm(offsets, left, right.T, alpha=-2, out=out)


def by_onednn(
    offsets: Tensor,
    left: Tensor,
    right: Tensor,
    out: Tensor | None = None,  # noqa: ARG001
) -> Tensor:
    """Be an `OffsetProduct` of few sizes, in memory of its own."""
    return _linear(left * -2, right, offsets)


def _linear(left: Tensor, right: Tensor, offsets: Tensor) -> Tensor:
    found: Tensor = torch.ops.mkldnn._linear_pointwise(left, right, offsets, "none", [], "")
    return found

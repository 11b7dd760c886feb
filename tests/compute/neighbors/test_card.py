"""The search as a GPU does it, also run on the processor; `exact_search` there is the truth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from imbxai_widgets.compute.neighbors import card
from imbxai_widgets.compute.neighbors.exact import exact_search, without_surplus

CPU = torch.device("cpu")
DEVICES = [CPU, torch.device("cuda")] if torch.cuda.is_available() else [CPU]


@contextmanager
def small(block: int, cost: float, at_once: int = 2) -> Iterator[None]:
    """Make edges of blocks, tiles and groups common."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(card, "_BLOCK", block)
        patch.setattr(card, "_GROUP_COST", cost)
        patch.setattr(card, "_AT_ONCE", at_once)
        yield


def searched(
    queries: np.ndarray,
    references: np.ndarray,
    k: int,
    own: np.ndarray | None = None,
    *,
    split: bool = True,
    device: torch.device = CPU,
) -> tuple[np.ndarray, np.ndarray]:
    rows = card.on_device(references, device)
    asked = rows if queries is references else card.on_device(queries, device)
    kept = without_surplus(references, k) if card.crowded(rows, k) else None
    return card.card_search(asked, rows, k, kept=kept, own=own, split=split)


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_as_on_the_processor(data: st.DataObject) -> None:
    n_rows, width = data.draw(st.integers(2, 60)), data.draw(st.integers(1, 9))
    k = data.draw(st.integers(1, n_rows - 1))
    generator = np.random.default_rng(data.draw(st.integers(0, 99)))
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    # Whole numbers of a small range, so that ties and duplicates are common, far from zero or not.
    scale, away = (
        data.draw(st.sampled_from([1, 2.0**-60, 2.0**70])),
        data.draw(st.sampled_from([0, 500])),
    )
    rows = ((generator.integers(-2, 3, (n_rows, width)) + away) * scale).astype(dtype)
    options = {"split": data.draw(st.booleans()), "device": data.draw(st.sampled_from(DEVICES))}
    own = np.arange(n_rows)
    with small(data.draw(st.sampled_from([256, 4096, 2**20])), data.draw(st.floats(0.05, 2))):
        among = searched(rows, rows, k, own, **options)
        queries = (generator.integers(-3, 4, (7, width)) * scale).astype(dtype)
        others = searched(queries, rows, k, **options)
    for found, wanted in (
        (among, exact_search(rows, rows, k, own=own, device=CPU)),
        (others, exact_search(queries, rows, k, own=None, device=CPU)),
    ):
        np.testing.assert_array_equal(found[0], wanted[0])
        np.testing.assert_array_equal(found[1], wanted[1])


@pytest.mark.parametrize("device", DEVICES, ids=str)
@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize(("n_rows", "width"), [(3000, 16), (700, 300)])
def test_as_on_the_processor_of_more_rows(
    n_rows: int, width: int, split: bool, device: torch.device
) -> None:
    generator = np.random.default_rng(1)
    rows = generator.normal(size=(n_rows, width)).astype(np.float32)
    rows[::50] = rows[1]  # more than are kept
    own = np.arange(n_rows)
    with small(2**18, 1.0, 16):
        found = searched(rows, rows, 5, own, split=split, device=device)
    wanted = exact_search(rows, rows, 5, own=own, device=CPU)
    np.testing.assert_array_equal(found[0], wanted[0])
    np.testing.assert_allclose(found[1], wanted[1], rtol=1e-7)


@pytest.mark.parametrize("split", [False, True])
def test_any_rounding_within_the_bound_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, split: bool
) -> None:
    generator = np.random.default_rng(2)
    rows = (generator.integers(-2, 3, (900, 6)) + 0.01 * generator.normal(size=(900, 6))) * 300
    rows = rows.astype(np.float32)
    own = np.arange(len(rows))
    wanted = searched(rows, rows, 4, own, split=split)
    exactly = card._Frame._minima
    settled = []

    def rounded(self: card._Frame, left: torch.Tensor) -> torch.Tensor:
        minima = exactly(self, left)
        norms = left[:, : self.rows.shape[1]].double().square().sum(dim=1)
        # Thousands of times as much as is rounded here.
        noise = 0.95 * self.doubt(norms, torch.zeros_like(norms))[:, None].float()
        return minima + noise * (torch.randint(0, 2, minima.shape) * 2 - 1)

    def settle(self: card._Frame, *given: torch.Tensor) -> None:
        settled.append(len(given[2]))
        settling(self, *given)

    settling = card._Frame._settle
    monkeypatch.setattr(card._Frame, "_minima", rounded)
    monkeypatch.setattr(card._Frame, "_settle", settle)
    monkeypatch.setattr(card._Frame, "doubt", lambda self, *of: 3000 * bound(self, *of))
    found = searched(rows, rows, 4, own, split=split)
    np.testing.assert_array_equal(found[0], wanted[0])
    np.testing.assert_array_equal(found[1], wanted[1])
    assert sum(settled) > 100


bound = card._Frame.doubt


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 1000), width=st.integers(1, 40), spread=st.integers(0, 30))
def test_what_the_parts_of_a_product_leave_out(seed: int, width: int, spread: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    left, right = (
        torch.randn(20, width, generator=generator)
        * 2.0 ** torch.randint(-spread, spread + 1, (20, width), generator=generator)
        for _ in range(2)
    )
    for points in (left, right):
        first = card._rounded(points)
        assert (first.view(torch.int32) & 0x1FFF == 0).all()
        assert (points - first).abs().le(2.0**-11 * points.abs()).all()
    parts = card._parts(left, (0, 0, 1)).double(), card._parts(right, (0, 1, 0)).double()
    missing = parts[0] @ parts[1].T - left.double() @ right.double().T
    sizes = left.double().norm(dim=1)[:, None] * right.double().norm(dim=1)
    assert (missing.abs() <= 3.1 * 2.0**-22 * sizes).all()


def test_pairs_with_the_same_differences_tie_whatever_lies_beside_them() -> None:
    generator = torch.Generator().manual_seed(3)
    rows = torch.randn(4, 11, generator=generator).repeat_interleave(9, 0)
    query = torch.randn(1, 1, 11, generator=generator)
    frame = card._Frame.of(query[0], rows, split=True)
    for start, stop in [(0, 36), (1, 30), (5, 6), (7, 12)]:
        squares = frame._squares(query, torch.arange(start, stop)[None])[0]
        for number, square in zip(range(start, stop), squares, strict=True):
            assert square == frame._squares(query, torch.tensor([[number // 9 * 9]]))[0, 0]


def test_crowds_are_seen_by_equal_rows() -> None:
    rows = torch.randn(50, 3)
    rows[10:14] = rows[9]  # five are equal
    assert card.crowded(rows, 3)
    assert not card.crowded(rows, 4)
    assert card.crowded(rows.double(), 3)

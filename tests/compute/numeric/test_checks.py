"""Checks of arguments: what is refused, and what the error says."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from imbxai_widgets.compute.numeric.checks import check_codes, check_dense, highest_code


@pytest.mark.parametrize(
    ("values", "highest"), [([3, 1], 3), ([], -1), ([[0], [7]], 7), (np.uint8([255]), 255)]
)
def test_the_highest_code_tells_how_many_classes_there_are(values: object, highest: int) -> None:
    assert highest_code(values) == highest  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0, 10**12], r"holds 1000000000000 \(number 1\), .* 1,000,000,000,001 classes"),
        ([10**6], r"holds 1000000 .* numpy\.unique\(labels, return_inverse=True\), or pass"),
        ([0.5], "labels must hold integers, not float64"),
        (
            np.array([2**63], dtype=np.uint64),
            r"smaller than 2\*\*63, but holds 9223372036854775808",
        ),
    ],
)
def test_what_is_no_class_is_refused(values: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        highest_code(values)  # type: ignore[arg-type]
    assert highest_code([10**6 - 1]) == 999_999


def test_unsigned_codes_never_wrap_around() -> None:
    assert check_codes(np.array([1], dtype=np.uint64), "x", shape=(1,)).dtype == np.int64
    with pytest.raises(ValueError, match=r"x must be smaller than 2\*\*63"):
        check_codes(np.array([2**64 - 1], dtype=np.uint64), "x", shape=(1,), limit=3)


def test_dense_tables_are_refused_before_they_take_memory() -> None:
    check_dense(16_384, "the table", "ask for less")
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"^the table of 50,000 classes takes 18\.6 GiB, of 2 at"):
        check_dense(50_000, "the table", "ask for less")
    with pytest.raises(ValueError, match=r"^two of 16,000 classes takes 3\.8 GiB.*; ask for less$"):
        check_dense(16_000, "two", "ask for less", tables=2)
    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()

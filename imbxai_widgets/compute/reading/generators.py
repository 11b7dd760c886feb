"""Keeps the random generators of the process as they are."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def generators_kept() -> Iterator[None]:
    """Give the generators of Python, NumPy and torch back as they were.

    Examples
    --------
    >>> before = random.getstate()
    >>> with generators_kept():
    ...     drawn = random.random()
    >>> random.getstate() == before
    True
    """
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    with torch.random.fork_rng(devices=[]):
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)  # noqa: NPY002

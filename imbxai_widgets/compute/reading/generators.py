"""Keeps the random generators of the process as they are."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch

from imbxai_widgets.compute.reading.undo import undoing


@contextmanager
def generators_kept(device: torch.device | None = None) -> Iterator[None]:
    """Have the random generators of Python, NumPy and torch afterwards where they are now.

    Parameters
    ----------
    device
        A device whose own generator is kept, too, if it is one of CUDA.

    Examples
    --------
    >>> random.seed(0)
    >>> with generators_kept():
    ...     once = random.random()
    >>> random.random() == once
    True
    """
    with undoing() as changes:
        changes.add(partial(random.setstate, random.getstate()))
        changes.add(partial(np.random.set_state, np.random.get_state()))  # noqa: NPY002
        changes.add(partial(torch.set_rng_state, torch.get_rng_state()))
        if device is not None and device.type == "cuda":
            own = torch.cuda.get_rng_state(device)
            changes.add(partial(torch.cuda.set_rng_state, own, device))
        yield

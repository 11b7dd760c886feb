"""Small computations on one thread of PyTorch.

Its threads wait for each other after every operation. Where other processes take the processors,
that is for longer than all of a small computation takes on one thread.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Final, TypeVar

import torch

Result = TypeVar("Result")

# Multiplications that take one thread some tens of milliseconds.
_SMALL: Final = 10**9


def on_one_thread_if_small(
    call: Callable[[], Result], multiplications: int, device: torch.device
) -> Result:
    """Return `call()`, made on one thread unless it makes more multiplications than that pays for.

    On other devices than a CPU it is made as it is. The number of threads belongs to the thread
    that sets it, but for that of MKL, which holds for the process. So `call` is made in a thread of
    its own, and the caller's number is set again after it, whatever happens. Another thread that
    multiplies meanwhile may do so on one processor. How NumPy treats floating-point errors goes
    along, as all that belongs to the caller's context.

    Examples
    --------
    >>> on_one_thread_if_small(torch.get_num_threads, 1000, torch.device("cpu"))
    1
    """
    threads = torch.get_num_threads()
    if device.type != "cpu" or threads == 1 or multiplications > _SMALL:
        return call()
    try:
        with ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return pool.submit(copy_context().run, call).result()
    finally:
        torch.set_num_threads(threads)

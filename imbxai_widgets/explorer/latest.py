"""Work for the page in a thread, of which only the latest is wanted."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import TypeVar

from imbxai_widgets.compute.remedies.refit import CancelledError

T = TypeVar("T")
Cancelled = Callable[[], bool]


class Latest:
    """One thread beside the kernel's, in which a new task has the one before given up.

    Examples
    --------
    >>> latest = Latest()
    >>> latest.run(lambda cancelled: cancelled()).result()
    False
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="imbxai-latest")
        self._stop = Event()

    def run(self, task: Callable[[Cancelled], T]) -> Future[T]:
        """Run a task behind those that are begun, and have the last one given up.

        Parameters
        ----------
        task
            Takes what tells whether it is to be given up, and raises `CancelledError` then.

        Returns
        -------
        concurrent.futures.Future
            Ends with `CancelledError` if the task was given up, before or after it began.
        """
        self.stop()
        self._stop = stop = Event()

        def begin() -> T:
            if stop.is_set():
                raise CancelledError("another was asked for meanwhile")
            return task(stop.is_set)

        return self._pool.submit(begin)

    def beside(self, task: Callable[[], T]) -> Future[T]:
        """Run a task behind those that are begun; it is never given up."""
        return self._pool.submit(task)

    def stop(self) -> None:
        """Have the last task given up."""
        self._stop.set()

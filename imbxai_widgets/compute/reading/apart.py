"""Reads a few samples where a pass reads the rest, before it: in a process of its own, or here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from traceback import format_exc
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from imbxai_widgets.compute.reading.batches import OnError, from_workers
from imbxai_widgets.compute.reading.labeled_images import ReadError, Skipped
from imbxai_widgets.compute.reading.own_copy import own_copy
from imbxai_widgets.compute.reading.samples import Sample, Samples
from imbxai_widgets.compute.reading.transforms import DisplayError

# Errors that come whole from another process, with all that they tell; of others, PyTorch makes
# one of the same type, with their text.
_SENT = (ReadError, DisplayError, ValueError)


@contextmanager
def read_apart(
    jobs: Sequence[Callable[[Samples], Any]], samples: Samples, *, num_workers: int
) -> Iterator[Iterator[Any]]:
    """Have jobs read samples, and leave the dataset and this process as they are.

    With workers, one of these does the jobs, so that no file is open here when those of the pass
    are forked. Without, each is done when its result is asked for, on a copy of the dataset.

    Parameters
    ----------
    jobs
        Functions of the samples; a worker must be able to receive them, and to send the results.
    samples
        What is read.
    num_workers
        As for the pass.

    Yields
    ------
    iterator
        Of their results, in order. An error of a job is raised when its result is asked for.

    Raises
    ------
    WorkerError
        If the process that reads was killed.

    Examples
    --------
    >>> samples = Samples([(torch.ones(1, 2, 2), 3)])
    >>> with read_apart([len, take_first], samples, num_workers=0) as results:
    ...     [next(results), next(results)[0].label]
    [1, 3]
    """
    if num_workers == 0:
        own = own_copy(samples)
        yield (job(own) for job in jobs)
        return
    loader = DataLoader[Any](
        _Jobs(jobs, samples),
        batch_size=None,
        num_workers=1,
        collate_fn=_as_it_is,
        generator=torch.Generator(),  # the global one stays where it is
    )
    with closing(from_workers(loader)) as results:
        yield map(_unpacked, results)


class _Jobs(Dataset[Any]):
    """The results of jobs as the samples of a loader."""

    def __init__(self, jobs: Sequence[Callable[[Samples], Any]], samples: Samples) -> None:
        self._jobs, self._samples = jobs, samples

    def __len__(self) -> int:
        return len(self._jobs)

    def __getitem__(self, number: int) -> tuple[Any, Exception | None]:
        try:
            return self._jobs[number](self._samples), None
        except _SENT as error:
            if type(error) not in _SENT:
                raise
            error.add_note(f"In the process that reads the images:\n{format_exc()}")
            return None, error


def _as_it_is(result: Any) -> Any:
    return result


def _unpacked(result: tuple[Any, Exception | None]) -> Any:
    found, error = result
    if error is not None:
        raise error
    return found


def take_first(
    samples: Samples, *, number: int = 2, on_error: OnError = "raise"
) -> list[Sample | Skipped]:
    """Read the first samples, up to so many that can be read.

    Parameters
    ----------
    samples
        What is read.
    number
        How many samples; there may be fewer.
    on_error
        Whether one that cannot be read raises `ReadError`, or is passed over.

    Returns
    -------
    list
        The samples, and what is known of those passed over, in order.

    Examples
    --------
    >>> taken = take_first(Samples([(torch.ones(1, 2, 2), "?"), (torch.ones(1, 2, 2), 3)]),
    ...     on_error="skip")
    >>> taken[0].position, taken[1].label
    (0, 3)
    """
    taken: list[Sample | Skipped] = []
    left = min(number, len(samples))
    for index in range(len(samples)):
        if not left:
            break
        try:
            taken.append(samples[index])
            left -= 1
        except ReadError as error:
            if on_error == "raise":
                raise
            taken.append(error.image)
    return taken

"""Reads samples batch by batch, in processes of their own if wanted; faults are told clearly."""

from __future__ import annotations

import signal
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from multiprocessing import get_start_method
from threading import current_thread, main_thread
from traceback import clear_frames
from typing import Any, Literal, NamedTuple, TypeAlias, cast

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from imbxai_widgets.compute.numeric.types import BoolArray, IntArray, UInt8Array
from imbxai_widgets.compute.reading.display import Recovery
from imbxai_widgets.compute.reading.labeled_images import ReadError, Skipped
from imbxai_widgets.compute.reading.own_copy import classes_of_main
from imbxai_widgets.compute.reading.samples import Sample, Samples
from imbxai_widgets.compute.reading.undo import undoing

OnError: TypeAlias = Literal["raise", "skip"]


class WorkerError(RuntimeError):
    """A process that reads images for the network ended before its time."""


class Batch(NamedTuple):
    """Samples on a leading axis of length B."""

    positions: IntArray  # (B,), the number of each image in the dataset
    images: Tensor  # (B, C, H, W)
    labels: IntArray  # (B,)
    rgb: UInt8Array | None  # (B, H, W, 3)
    foreground: BoolArray | None  # (B, H, W), the pixels that may be salient; None for all
    recovery: Recovery | None = None  # how to make `rgb` of the images, where that is left to do

    @property
    def size(self) -> int:
        """The number of images, B."""
        return len(self.labels)

    def part(self, rows: slice) -> Batch:
        """Return some of the samples."""
        return Batch(
            self.positions[rows],
            self.images[rows],
            self.labels[rows],
            None if self.rgb is None else self.rgb[rows],
            None if self.foreground is None else self.foreground[rows],
            self.recovery,
        )


class Reading(NamedTuple):
    """What came of reading the images of one batch."""

    batch: Batch | None  # None if no image could be read
    skipped: tuple[Skipped, ...]


def check_on_error(on_error: str) -> None:
    """Refuse anything but "raise" and "skip"."""
    if on_error not in ("raise", "skip"):
        raise ValueError(f'on_error must be "raise" or "skip", not {on_error!r}')


@contextmanager
def read_batches(
    samples: Samples,
    batches: Sequence[Sequence[int]],
    *,
    num_workers: int = 0,
    on_error: OnError = "raise",
) -> Iterator[Iterator[Reading]]:
    """Read some samples, batch by batch, in order; processes that read end with the context.

    The global random generator is left as it is, since the reading draws from one of its own.

    Parameters
    ----------
    samples
        Where the samples come from.
    batches
        The numbers of the samples of each batch.
    num_workers
        Processes that read, as for `torch.utils.data.DataLoader`.
    on_error
        What happens when a sample raises `ReadError`: "raise" it, or "skip" the sample.

    Raises
    ------
    ReadError
        While reading, from the samples.
    ValueError
        While reading, if the images of a batch differ in shape.
    WorkerError
        While reading, if a process that reads was killed.

    Examples
    --------
    >>> samples = Samples([(torch.zeros(1, 2, 2), label) for label in (3, 1, 2)])
    >>> with read_batches(samples, [[0, 1], [2]]) as readings:
    ...     [reading.batch.labels.tolist() for reading in readings]
    [[3, 1], [2]]
    """
    loader = DataLoader[Any](
        _Tolerant(samples) if on_error == "skip" else samples,
        batch_sampler=cast("Sequence[list[int]]", batches),
        num_workers=num_workers,
        collate_fn=partial(_collated, samples),
        generator=torch.Generator(),
    )
    if num_workers == 0:
        yield iter(loader)
        return
    with closing(from_workers(loader)) as readings:
        yield readings


def from_workers(loader: DataLoader[Any]) -> Generator[Any, None, None]:
    """Yield what the processes of a loader read.

    Raises
    ------
    WorkerError
        If one of them is lost.
    """
    readings = iter(loader)
    with _no_errors_by_signal():
        try:
            yield from readings
        except (RuntimeError, ConnectionError, EOFError, FileNotFoundError) as error:
            if isinstance(error, RuntimeError) and "DataLoader worker (pid" not in str(error):
                raise
            clear_frames(error.__traceback__)  # they hold the loader, and it the other processes
            raise WorkerError(_why_lost(loader, error)) from error
        finally:
            del readings


def _why_lost(loader: DataLoader[Any], error: Exception) -> str:
    """Say what most often ends a process of a loader, and what helps."""
    method = get_start_method()
    if method != "fork" and "killed by signal" not in str(error):
        names = classes_of_main(loader.dataset)
        what = f"{', '.join(names)}, which is" if names else "the dataset or its transform, if"
        return (
            f"a process that reads the images could not begin, or ended early ({error}). Python "
            f"starts such processes anew here ({method}), and they import what they are given: "
            f"{what} defined in a notebook or at the prompt, they cannot. Move it into a module "
            'that is imported (in a script, call analyze below if __name__ == "__main__":), or '
            "pass num_workers=0"
        )
    return (
        f"one of the {loader.num_workers} processes that read the images was killed "
        f"({error}). Most often the machine's memory, or the shared memory of its "
        "container (/dev/shm), was full: pass num_workers=0 or fewer, a smaller "
        "batch_size, or give the container more shared memory"
    )


@contextmanager
def _no_errors_by_signal() -> Iterator[None]:
    """Keep PyTorch from raising in a signal handler when a process that reads is killed.

    A handler runs at any point of the program, perhaps while a network is put back as it was.
    Without it, PyTorch notices the loss when the next batch of that process is due, within five
    seconds.
    """
    number = getattr(signal, "SIGCHLD", None)
    handler = None if number is None else signal.getsignal(number)
    if number is None or not callable(handler) or current_thread() is not main_thread():
        yield
        return

    def calm(*args: Any) -> None:
        with suppress(RuntimeError):
            handler(*args)

    with undoing() as changes:
        changes.add(partial(signal.signal, number, handler))
        signal.signal(number, calm)
        yield


class _Tolerant(Dataset[Sample | Skipped]):
    """Samples of which one that cannot be read is returned as `Skipped`, not raised as an error."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> Sample | Skipped:
        try:
            return self._samples[index]
        except ReadError as error:
            return error.image


def _collated(source: Samples, read: Sequence[Sample | Skipped]) -> Reading:
    samples = [sample for sample in read if isinstance(sample, Sample)]
    skipped = tuple(image for image in read if isinstance(image, Skipped))
    return Reading(_batch(source, samples) if samples else None, skipped)


def _batch(source: Samples, samples: Sequence[Sample]) -> Batch:
    _check_one_shape(samples)
    numbers = [sample.number for sample in samples]
    images = torch.stack([sample.image.as_subclass(Tensor) for sample in samples])
    recovery = source.recovery_of(numbers, images)
    return Batch(
        np.array(numbers, dtype=np.int64),
        images,
        np.array([sample.label for sample in samples], dtype=np.int64),
        source.colors_of(numbers, images) if recovery is None else None,
        _foreground(samples),
        recovery,
    )


def _foreground(samples: Sequence[Sample]) -> BoolArray | None:
    known = [sample.foreground for sample in samples]
    if all(pixels is None for pixels in known):
        return None
    everything = np.ones(samples[0].image.shape[1:], dtype=np.bool_)
    return np.stack([everything if pixels is None else pixels for pixels in known])


def _check_one_shape(samples: Sequence[Sample]) -> None:
    first = samples[0]
    other = next((s for s in samples if s.image.shape != first.image.shape), None)
    if other is None:
        return
    if len(other.image) != len(first.image):
        mend = (
            "convert all to one mode first in the transform, for instance "
            'transforms.Lambda(lambda image: image.convert("RGB"))'
        )
    else:
        mend = (
            "resize and crop them in the transform, for instance with transforms.Resize(256) and "
            "transforms.CenterCrop(224), or use batch_size=1 if the model takes any size"
        )
    raise ValueError(
        "the images of a batch must have one shape, but "
        f"image {first.number} has {tuple(first.image.shape)} and "
        f"image {other.number} has {tuple(other.image.shape)}; {mend}"
    )

"""Keeps what a pass has computed in a folder, so that a killed one goes on where it was.

In the folder, each pass has one of its own, named by its key: a digest of what its results are
known to depend on, which ``about.json`` there lists. In it, every finished batch is a file; when
all are, they become two: the embeddings, which are mapped into memory from then on, and the rest.
The key is a first look. Before anything that is kept is used, some batches are read and run again,
and must be as they were.
"""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, TypeAlias, get_args

import numpy as np
import torch
from torch import nn

from imbxai_widgets.compute.embedding import cache_files
from imbxai_widgets.compute.embedding.cache_check import chosen_batches, difference, image_digests
from imbxai_widgets.compute.embedding.cache_files import DIGEST_BYTES, Kept, Place
from imbxai_widgets.compute.embedding.embedded import Collector, Embedded
from imbxai_widgets.compute.embedding.fingerprint import Fingerprints
from imbxai_widgets.compute.embedding.model_state import unwrapped
from imbxai_widgets.compute.reading.batches import Batch, OnError, read_batches
from imbxai_widgets.compute.reading.own_copy import own_copy
from imbxai_widgets.compute.reading.samples import Samples
from imbxai_widgets.version import __version__

CacheCheck: TypeAlias = Literal["some", "all"]

MAX_BYTES: Final = 20 * 2**30
MAX_DAYS: Final = 90
_FORMAT = 3
_LOOKED_AT = 32  # images that are read for the key


def refuse_other_checks(check: str) -> None:
    """Refuse anything but "some" and "all"."""
    if check not in get_args(CacheCheck):
        raise ValueError(f'cache_check must be "some" or "all", not {check!r}')


class BatchReader(NamedTuple):
    """How the images of a pass are read."""

    samples: Samples
    on_error: OnError = "raise"
    num_workers: int = 0

    def batches(self, numbers: Sequence[Sequence[int]], on_error: OnError | None = None) -> Any:
        """Read some samples, as `read_batches` does."""
        return read_batches(
            self.samples,
            numbers,
            num_workers=self.num_workers,
            on_error=self.on_error if on_error is None else on_error,
        )


class Cache:
    """The folder of the cache, as one or several passes of a model use it.

    Passes that were not used for 90 days are deleted from it, and beyond 20 GiB those that were
    not used for longest, whenever another begins; those of the last hour stay in any case.

    Parameters
    ----------
    folder
        Made if missing. It may be deleted at any time, when no pass is running, and be one that
        cannot be written to: what is in it is then used.
    model
        The network.
    check
        What is compared before kept results are used: "some" batches, which are read and run
        again, or also "all" images, which are read.

    Raises
    ------
    ValueError
        If `folder` is no folder and cannot be made, or `check` is something else.
    """

    def __init__(
        self, folder: str | os.PathLike[str], model: nn.Module, *, check: CacheCheck = "some"
    ) -> None:
        refuse_other_checks(check)
        self._folder = Path(folder).resolve()
        self._model = model
        self._check = check
        self._fingerprints = Fingerprints()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(f"cache={str(folder)!r} cannot be a folder: {error}") from error

    def entry(self, reading: BatchReader, device: torch.device, settings: dict[str, Any]) -> Entry:
        """Return the place of one pass.

        Parameters
        ----------
        reading
            All that the pass reads.
        device
            Where the network runs.
        settings
            What else the results depend on: plain values, or modules of the network.
        """
        about = {
            "format": _FORMAT,
            "versions": _versions(),
            "model": self._fingerprints.of(unwrapped(self._model)),
            # A copy, since reading may change what holds the files, and digests are remembered.
            "dataset": self._fingerprints.of(own_copy(reading.samples)),
            "images": _looked_at(reading),
            "settings": {name: self._named(value) for name, value in settings.items()},
            "numbers": _arithmetic(device),
            "not_read": sorted(self._fingerprints.unread),
        }
        key = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
        entry = Entry(self._folder / key[:32], about, reading, self._check)
        with suppress(OSError):  # a disk that cannot be written to, or another process at the same
            cache_files.prune(self._folder, max_bytes=MAX_BYTES, max_age=86400 * MAX_DAYS)
        return entry

    def _named(self, value: Any) -> Any:
        if not isinstance(value, nn.Module):
            return value
        names = (name for name, module in self._model.named_modules() if module is value)
        return next(names, None)


class Entry:
    """What is kept of one pass.

    Parameters
    ----------
    folder
        Its folder.
    about
        What the results are known to depend on.
    reading
        How its images are read.
    check
        As for `Cache`.
    """

    def __init__(
        self, folder: Path, about: dict[str, Any], reading: BatchReader, check: CacheCheck
    ) -> None:
        self._folder = folder
        self._about = about
        self._reading = reading
        self._check = check
        self._digests = np.zeros((len(reading.samples), DIGEST_BYTES), dtype=np.uint8)
        self._full = False
        cache_files.clear_drafts_of(folder)
        cache_files.touch(folder)

    def restore(
        self,
        collector: Collector,
        batches: Sequence[range],
        run: Callable[[Batch], Embedded],
    ) -> tuple[Embedded | None, list[int]]:
        """Take what is kept, if some of it proves to be what the model gives of the images today.

        Parameters
        ----------
        collector
            Gets the batches of a pass that was not finished.
        batches
            The numbers of the images of each.
        run
            Runs the model on a batch.

        Returns
        -------
        Embedded or None
            The finished pass; its embeddings are read-only.
        list of int
            The numbers of the batches that must be run.

        Warns
        -----
        UserWarning
            If what is kept is of another model or of other images, and so is not used; or if it
            is used and there are parts of either that the key could not take in.
        """
        every = range(len(batches))
        places = [
            Place(self._folder.name, number, images[0], images[-1] + 1)
            for number, images in enumerate(batches)
        ]
        whole = self.whole()

        def part(number: int) -> Kept | None:
            if whole is None:
                return cache_files.read_kept(self._file(number), places[number])
            own = whole.part.between(places[number].start, places[number].stop)
            return Kept(own, whole.digests[np.searchsorted(whole.part.positions, own.positions)])

        kept = [number for number in every if whole is not None or self._file(number).exists()]
        if not kept:
            return None, list(every)
        wrong = self._difference(part, kept, batches, run)
        if wrong is not None:
            self._start_anew(wrong)
            return None, list(every)
        self._tell_of_unread()
        if whole is not None and self._still_skipped(whole.part):
            return whole.part, []
        missing = set(every) - set(kept)
        for number in kept:
            found = part(number)
            if found is not None and self._still_skipped(found.part):
                self._digests[found.part.positions] = found.digests
                collector.add(found.part)
            else:
                missing.add(number)
        return None, sorted(missing)

    def whole(self) -> Kept | None:
        """Return what is kept of the finished pass, or None."""
        return cache_files.read_kept(self._folder / cache_files.WHOLE, self._place_of_all())

    def note(self, batch: Batch) -> None:
        """Remember what a batch is made of, before the network may change it."""
        self._digests[batch.positions] = image_digests(batch)

    def keep_batch(self, number: int, part: Embedded, images: range) -> None:
        """Keep a batch that was noted."""
        if self._full:
            return
        place = Place(self._folder.name, number, images[0], images[-1] + 1)
        with self._going_on_without():
            self._begin()
            kept = Kept(part, self._digests[part.positions])
            cache_files.write_kept(self._file(number), place, kept)
            cache_files.touch(self._folder)

    def keep_whole(self, embedded: Embedded) -> Embedded:
        """Keep the finished pass; return it with its embeddings in the file, not in memory."""
        if self._full:
            return embedded
        path = self._folder / cache_files.WHOLE
        with self._going_on_without():
            self._begin()
            kept = Kept(embedded, self._digests[embedded.positions])
            apart = cache_files.write_apart(path, self._place_of_all(), kept)
            found = self.whole()
            if found is not None:
                cache_files.clear(self._folder, spare=apart)
                return found.part
        return embedded

    def _place_of_all(self) -> Place:
        return Place(self._folder.name, None, 0, len(self._reading.samples))

    def _file(self, number: int) -> Path:
        return self._folder / cache_files.BATCHES / f"{number:08d}"

    def _begin(self) -> None:
        about = self._folder / cache_files.ABOUT
        if about.is_symlink() or not about.exists():
            cache_files.write(about, json.dumps(self._about, indent=1).encode())

    def _difference(
        self,
        part: Callable[[int], Kept | None],
        kept: list[int],
        batches: Sequence[range],
        run: Callable[[Batch], Embedded],
    ) -> str | None:
        """Read and run some batches again, and say in what they differ from what is kept."""
        chosen = chosen_batches(kept)
        others = sorted(set(kept) - set(chosen)) if self._check == "all" else []
        # The first in any case, for by it the network's head is found.
        again = sorted({0, *chosen})
        with self._reading.batches([batches[number] for number in (*again, *others)]) as read:
            for number, (batch, _) in zip((*again, *others), read, strict=True):
                digests = None if batch is None else image_digests(batch)
                found = None if batch is None or number in others else run(batch)
                before = part(number) if number in kept else None
                if before is not None and (wrong := difference(before, batch, digests, found)):
                    return wrong
        return None

    def _still_skipped(self, part: Embedded) -> bool:
        """Whether images that could not be read still cannot; an error if one must not be left."""
        if not part.skipped:
            return True
        with self._reading.batches([[image.position] for image in part.skipped]) as read:
            return all(batch is None for batch, _ in read)

    def _start_anew(self, wrong: str) -> None:
        warnings.warn(
            f"the cache in {self._folder} holds results {wrong}; they are not used, and all is "
            "computed anew",
            stacklevel=4,
        )
        try:
            cache_files.clear(self._folder)
        except OSError:
            self._full = True  # else new results would lie among old ones

    def _tell_of_unread(self) -> None:
        if self._about["not_read"] and self._check != "all":
            warnings.warn(
                f"the cache in {self._folder} is used; whether these parts of the model or the "
                f"dataset have changed cannot be told: {', '.join(self._about['not_read'])}. Some "
                'batches were run again and are the same; cache_check="all" compares every image',
                stacklevel=4,
            )

    @contextmanager
    def _going_on_without(self) -> Iterator[None]:
        """Let the pass go on when nothing can be written any more, and say so once."""
        try:
            yield
        except OSError as error:
            self._full = True
            warnings.warn(
                f"the cache in {self._folder} cannot be written ({error}); the results are right, "
                "but what is computed from here on is not kept for another run",
                stacklevel=5,
            )


def _looked_at(reading: BatchReader) -> str:
    """Return a digest of a few images, spread over the dataset."""
    last = len(reading.samples) - 1
    numbers = np.unique(np.linspace(0, last, _LOOKED_AT).round().astype(np.int64))
    sha = hashlib.sha256()
    with reading.batches([[int(number)] for number in numbers], "skip") as read:
        for batch, skipped in read:
            known = repr(skipped).encode() if batch is None else image_digests(batch).tobytes()
            sha.update(b"%d:" % len(known) + known)
    return sha.hexdigest()


def _versions() -> dict[str, str]:
    return {"imbxai_widgets": __version__, "torch": torch.__version__, "numpy": np.__version__}


def _arithmetic(device: torch.device) -> dict[str, Any]:
    """Return what decides how numbers are computed, beside the network."""
    kind = device.type
    return {
        "device": torch.cuda.get_device_name(device) if kind == "cuda" else kind,
        "dtype": str(torch.get_default_dtype()),
        "matmul": torch.get_float32_matmul_precision(),
        "autocast": str(torch.get_autocast_dtype(kind)) if torch.is_autocast_enabled(kind) else "",
    }

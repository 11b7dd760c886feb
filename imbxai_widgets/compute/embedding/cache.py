"""Keeps what a pass has computed in a folder, so that a killed one goes on where it was.

In the folder, each pass has one of its own, named by its key: a digest of all that its results
depend on, which ``about.json`` there lists. In it, every finished batch is a file; when all are,
they become two: the embeddings, which are mapped into memory from then on, and the rest. A file
is never changed, only replaced whole, and what does not match its SHA-256 digest is not used.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
import torch
from torch import nn

from imbxai_widgets.compute.embedding.embedded import Collector, Embedded
from imbxai_widgets.compute.embedding.fingerprint import Fingerprints
from imbxai_widgets.compute.embedding.model_state import unwrapped
from imbxai_widgets.compute.reading.labeled_images import ReadError, Skipped
from imbxai_widgets.compute.reading.samples import Samples
from imbxai_widgets.files import replacing
from imbxai_widgets.version import __version__

_FORMAT = 1
_LOOKED_AT = 32  # images that are read for the key
_BLOCK = 1 << 24  # bytes that are read at once


class Cache:
    """The folder of the cache, as one or several passes of a model use it.

    Parameters
    ----------
    folder
        Made if missing. It may be deleted at any time, when no pass is running.
    model
        The network.

    Raises
    ------
    ValueError
        If `folder` is no folder that can be written to.
    """

    def __init__(self, folder: str | os.PathLike[str], model: nn.Module) -> None:
        self._folder = Path(folder).resolve()
        self._model = model
        self._fingerprints = Fingerprints()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(f"cache={str(folder)!r} cannot be a folder: {error}") from error
        if not os.access(self._folder, os.W_OK):
            raise ValueError(f"cache={str(folder)!r} is a folder that cannot be written to")

    def entry(self, samples: Samples, device: torch.device, settings: dict[str, Any]) -> Entry:
        """Return the place of one pass.

        Parameters
        ----------
        samples
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
            "dataset": self._fingerprints.of(samples),
            "images": Fingerprints().of(_some(samples)),
            "settings": {name: self._named(value) for name, value in settings.items()},
            "numbers": _arithmetic(device),
        }
        key = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
        return Entry(self._folder / key[:32], about)

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
        What the results depend on.
    """

    def __init__(self, folder: Path, about: dict[str, Any]) -> None:
        self._folder = folder
        self._about = about
        self._full = False

    def batch(self, number: int) -> Embedded | None:
        """Return what is kept of a batch, or None."""
        return _read(self._file(number))

    def keep_batch(self, number: int, part: Embedded) -> None:
        """Keep a batch."""
        with self._going_on_without():
            self._write(self._file(number), *_encoded(part, part.arrays()), durable=False)

    def restore(
        self,
        collector: Collector,
        whole: Embedded | None,
        batches: Sequence[range],
        samples: Samples,
        on_error: str,
    ) -> list[int]:
        """Give the collector what is kept; return the numbers of the batches that must be run."""
        missing = []
        for number, images in enumerate(batches):
            part = self.batch(number) if whole is None else whole.between(images[0], images[-1] + 1)
            if part is not None and usable(part, samples, on_error):
                collector.add(part)
            else:
                missing.append(number)
        if missing and missing[0] != 0:
            missing.insert(0, 0)  # by the first batch, the network's head is found
        return missing

    def whole(self) -> Embedded | None:
        """Return what is kept of the finished pass, or None; the embeddings are read-only."""
        return _read(self._folder / "whole")

    def keep_whole(self, embedded: Embedded) -> Embedded:
        """Keep the finished pass; return it with its embeddings in the file, not in memory."""
        with self._going_on_without():
            arrays = embedded.arrays()
            data = np.ascontiguousarray(arrays.pop("embeddings")).data
            digest = hashlib.sha256(data).hexdigest()
            file = self._folder / f"embeddings-{digest[:16]}"
            if not file.exists():
                self._write(file, data)
            mapped = {"file": file.name, "shape": data.shape, "sha256": digest}
            self._write(self._folder / "whole", *_encoded(embedded, arrays, mapped))
        kept = None if self._full else self.whole()
        if kept is None:
            return embedded
        shutil.rmtree(self._folder / "batches", ignore_errors=True)
        for old in self._folder.glob("embeddings-*"):
            if old != file:
                old.unlink(missing_ok=True)
        return kept

    def _file(self, number: int) -> Path:
        return self._folder / "batches" / f"{number:08d}"

    def _write(self, path: Path, *parts: bytes | memoryview, durable: bool = True) -> None:
        if self._full:
            return
        about = self._folder / "about.json"
        if not about.exists():
            with replacing(about) as file:
                file.write(json.dumps(self._about, indent=1).encode())
        with replacing(path, durable=durable) as file:
            file.writelines(parts)

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


def usable(part: Embedded, samples: Samples, on_error: str) -> bool:
    """Whether images that could not be read still cannot.

    Raises
    ------
    ReadError
        If one cannot, and `on_error` is "raise".
    """
    for image in part.skipped:
        try:
            samples[image.position]
        except ReadError:
            if on_error == "raise":
                raise
        else:
            return False
    return True


def _encoded(
    embedded: Embedded, arrays: dict[str, Any], mapped: dict[str, Any] | None = None
) -> tuple[bytes, bytes]:
    """Return the content of a file: the digest of the rest, and the rest."""
    meta = {"n_classes": embedded.n_classes, "skipped": embedded.skipped, "mapped": mapped}
    text = np.frombuffer(json.dumps(meta).encode(), dtype=np.uint8)
    plain = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    data = safetensors.numpy.save({**plain, "meta": text})
    return hashlib.sha256(data).digest(), data


def _read(path: Path) -> Embedded | None:
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if hashlib.sha256(data[32:]).digest() != data[:32]:
        path.unlink(missing_ok=True)
        return None
    arrays = safetensors.numpy.load(data[32:])
    meta = json.loads(arrays.pop("meta").tobytes())
    if meta["mapped"] is not None:
        embeddings = _mapped(path.parent, **meta["mapped"])
        if embeddings is None:
            return None
        arrays["embeddings"] = embeddings
    skipped = tuple(Skipped(*image) for image in meta["skipped"])
    return Embedded.of_arrays(arrays, meta["n_classes"], skipped)


def _mapped(folder: Path, file: str, shape: list[int], sha256: str) -> Any:
    """Map embeddings into memory, if their file is what it was."""
    path = folder / file
    try:
        with path.open("rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return None
    if found != sha256:
        path.unlink(missing_ok=True)
        return None
    return np.asarray(np.memmap(path, np.float32, "r", shape=tuple(shape)))


def _some(samples: Samples) -> list[Any]:
    numbers = np.unique(np.linspace(0, len(samples) - 1, _LOOKED_AT).round().astype(np.int64))
    return [_sample(samples, int(number)) for number in numbers]


def _sample(samples: Samples, number: int) -> Any:
    try:
        return samples[number]
    except ReadError as error:
        return error.image


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

"""The files of the cache: how they are written, read and deleted, and what is never touched.

A cache may have been made, moved or changed by anybody. Only files that the cache itself names are
opened or deleted, inside its own folders, and no link is followed. A file is never changed, only
replaced whole; each begins with the SHA-256 digest of the rest, which says whose it is.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, cast

import numpy as np
import safetensors.numpy

from imbxai_widgets.compute.embedding.embedded import Embedded
from imbxai_widgets.compute.numeric.blocks import row_blocks
from imbxai_widgets.compute.numeric.types import FloatArray, UInt8Array
from imbxai_widgets.compute.reading.labeled_images import Skipped
from imbxai_widgets.files import clear_drafts, replacing

ABOUT: Final = "about.json"
WHOLE: Final = "whole"
BATCHES: Final = "batches"
_ENTRY: Final = re.compile(r"[0-9a-f]{32}")
_EMBEDDINGS: Final = re.compile(r"embeddings-[0-9a-f]{16}")
_BATCH: Final = re.compile(r"\d{8,}")
DIGEST_BYTES: Final = 16
_BUSY: Final = 3600.0  # seconds; what was used so lately may be in use
_NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_TYPES: Final = {
    "embeddings": (np.float32, 2),
    "labels": (np.int64, 1),
    "top_classes": (np.int64, 2),
    "top_probabilities": (np.float32, 2),
    "top_of_labels": (np.float32, 1),
    "positions": (np.int64, 1),
    "color_counts": (np.int64, 2),
    "pixel_counts": (np.int64, 2),
}


class Kept(NamedTuple):
    """What is kept of some images: the results, and (n, 16) uint8 digests of what gave them."""

    part: Embedded
    digests: UInt8Array


class Place(NamedTuple):
    """Whose a file is: the name of the entry, and the number of the batch or None for all."""

    entry: str
    batch: int | None
    start: int  # the images that it is of, in the dataset
    stop: int


def is_folder(path: Path) -> bool:
    """Whether there is a folder, and no link to one."""
    with suppress(OSError):
        return stat.S_ISDIR(os.lstat(path).st_mode)
    return False


def _is_own(folder: Path) -> bool:
    """Whether a folder, of an entry or of its batches, is reached without any link."""
    return is_folder(folder) and (folder.name != BATCHES or is_folder(folder.parent))


def write(path: Path, *parts: bytes | memoryview, durable: bool = True) -> None:
    """Write a file whole or not at all; a link in its place goes, and what it names stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not _is_own(path.parent):
        raise OSError(f"{path.parent} is no folder of the cache's own")
    if path.is_symlink():
        path.unlink()
    with replacing(path, durable=durable) as file:
        file.writelines(parts)


def write_kept(path: Path, place: Place, kept: Kept) -> None:
    """Write the results of a batch."""
    _write_results(path, place, kept, kept.part.arrays(), None, durable=False)


def write_apart(path: Path, place: Place, kept: Kept) -> str:
    """Write results, and their embeddings to a file beside, to be mapped; return its name."""
    arrays = kept.part.arrays()
    data = np.ascontiguousarray(arrays.pop("embeddings")).data
    digest = hashlib.sha256(data).hexdigest()
    file = path.with_name(f"embeddings-{digest[:16]}")
    write(file, data)
    _write_results(path, place, kept, arrays, {"shape": data.shape, "sha256": digest})
    return file.name


def _write_results(
    path: Path,
    place: Place,
    kept: Kept,
    arrays: dict[str, Any],
    mapped: dict[str, Any] | None,
    *,
    durable: bool = True,
) -> None:
    meta = {
        "place": place,
        "n_classes": kept.part.n_classes,
        "skipped": kept.part.skipped,
        "mapped": mapped,
    }
    text = np.frombuffer(json.dumps(meta).encode(), dtype=np.uint8)
    plain = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    data = safetensors.numpy.save({**plain, "digests": kept.digests, "meta": text})
    write(path, hashlib.sha256(data).digest(), data, durable=durable)


def read_kept(path: Path, place: Place) -> Kept | None:
    """Return what a file holds; None if it is not there, damaged, another's or out of range."""
    file = _opened(path)
    if file is None:
        return None
    with file:
        data = file.read()
    if hashlib.sha256(data[32:]).digest() != data[:32]:
        return None
    with suppress(Exception):  # whatever a crafted file does; its results are computed again
        kept, found = _decoded(path.parent, data[32:])
        if found == place and _fits(kept, place):
            return kept
    return None


def _decoded(folder: Path, data: bytes) -> tuple[Kept, Place]:
    arrays = safetensors.numpy.load(data)
    meta = json.loads(arrays.pop("meta").tobytes())
    digests = arrays.pop("digests")
    if meta["mapped"] is not None:
        arrays["embeddings"] = _mapped(folder, **meta["mapped"])
    skipped = tuple(Skipped(*image) for image in meta["skipped"])
    part = Embedded.of_arrays(arrays, meta["n_classes"], skipped)
    return Kept(part, digests), Place(*meta["place"])


def _mapped(folder: Path, shape: list[int], sha256: str) -> Any:
    """Map embeddings into memory, if their file is what it was."""
    name = f"embeddings-{sha256[:16]}"
    file = _opened(folder / name) if _EMBEDDINGS.fullmatch(name) else None
    if file is None:
        raise ValueError("the embeddings are not there")
    with file:
        if hashlib.file_digest(cast(Any, file), "sha256").hexdigest() != sha256:
            raise ValueError("the embeddings have changed")
        return np.asarray(np.memmap(file, np.float32, "r", shape=tuple(shape)))


def _fits(kept: Kept, place: Place) -> bool:
    """Whether results have the types, shapes and ranges that those of these images must have."""
    part = kept.part
    arrays = part.arrays()
    size = len(part.positions)
    typed = all(
        array.dtype == _TYPES[name][0] and array.ndim == _TYPES[name][1] and len(array) == size
        for name, array in arrays.items()
    )
    skipped = np.array([image.position for image in part.skipped], dtype=np.int64)
    numbers = np.sort(np.concatenate([part.positions, skipped]))
    complete = np.array_equal(numbers, np.arange(place.start, place.stop))
    classes = (part.labels, part.top.classes)
    return (
        typed
        and complete
        and bool((np.diff(part.positions) > 0).all())
        and kept.digests.dtype == np.uint8
        and kept.digests.shape == (size, DIGEST_BYTES)
        and part.top.classes.shape == part.top.probabilities.shape
        and all(((codes >= 0) & (codes < part.n_classes)).all() for codes in classes)
        and _all_finite(part.embeddings)
    )


def _all_finite(matrix: FloatArray) -> bool:
    """Whether all is finite; in blocks, since the matrix may be larger than the memory."""
    blocks = row_blocks(len(matrix), matrix.shape[1] * matrix.itemsize)
    return all(np.isfinite(matrix[block]).all() for block in blocks)


def _opened(path: Path) -> BinaryIO | None:
    """Open a plain file in one of the cache's own folders; None for links and all else."""
    if not _is_own(path.parent) or path.is_symlink():
        return None
    try:
        number = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | _NO_FOLLOW)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        return None
    return open(number, "rb")


def clear(folder: Path, *, spare: str = "") -> None:
    """Delete the results in an entry's folder, but for its ``about.json`` and what `spare` names.

    Anything that the cache does not make stays.

    Raises
    ------
    OSError
        If a file cannot be deleted.
    """
    for path in _own_files(folder):
        if path.name not in (ABOUT, spare) and not (spare and path.name == WHOLE):
            path.unlink(missing_ok=True)
    with suppress(OSError):
        if _is_own(folder / BATCHES):
            (folder / BATCHES).rmdir()


def clear_drafts_of(folder: Path) -> None:
    """Delete what killed processes had begun to write for an entry."""
    for part in (folder, folder / BATCHES):
        if _is_own(part):
            clear_drafts(part)


def touch(folder: Path) -> None:
    """Note that an entry is in use."""
    about = folder / ABOUT
    with suppress(OSError):
        if is_folder(folder) and not about.is_symlink():
            os.utime(about)


def prune(folder: Path, *, max_bytes: float, max_age: float) -> None:
    """Delete entries that were not used for long, and the longest unused of too many.

    Entries used within the last hour stay, and so does whatever is no entry.

    Parameters
    ----------
    folder
        That of the cache.
    max_bytes
        How much the entries may take together.
    max_age
        How long an entry may be unused, in seconds.
    """
    now = time.time()
    entries = sorted(_entries(folder), reverse=True)
    total = 0
    for used, path in entries:
        clear_drafts_of(path)
        total += sum(os.lstat(file).st_size for file in _own_files(path))
        if now - used > max(_BUSY, max_age) or (total > max_bytes and now - used > _BUSY):
            clear(path)
            (path / ABOUT).unlink(missing_ok=True)
            with suppress(OSError):  # something else is in it
                path.rmdir()


def _entries(folder: Path) -> Iterator[tuple[float, Path]]:
    """Yield each entry with the time when it was last used."""
    for found in os.scandir(folder):
        path = folder / found.name
        if _ENTRY.fullmatch(found.name) and is_folder(path):
            with suppress(OSError, ValueError):
                about = _opened(path / ABOUT)
                if about is not None:
                    with about:
                        yield os.fstat(about.fileno()).st_mtime, path


def _own_files(folder: Path) -> list[Path]:
    """List the files of an entry that are named as the cache names them."""
    if not is_folder(folder):
        return []
    names = [folder / name for name in os.listdir(folder)]
    own = [p for p in names if p.name in (ABOUT, WHOLE) or _EMBEDDINGS.fullmatch(p.name)]
    if is_folder(folder / BATCHES):
        numbered = os.listdir(folder / BATCHES)
        own += [folder / BATCHES / name for name in numbered if _BATCH.fullmatch(name)]
    return [path for path in own if not stat.S_ISDIR(os.lstat(path).st_mode)]

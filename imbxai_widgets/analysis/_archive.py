"""The file of a saved analysis: a zip archive of ``meta.json`` and plain arrays, read with care.

What a file says of its sizes is checked before memory is taken for it: members are stored as they
are, never compressed, so that together they are no larger than the file, and each array's header
must tell as many values as the member has bytes for.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any, Final

import numpy as np

from imbxai_widgets.files import clear_drafts, replacing

_TYPES: Final = tuple(
    map(np.dtype, (np.float32, np.int64, np.int8, np.uint8, np.uint16, np.uint32))
)
_BLOCK: Final = 2**20  # bytes that are read at once
_LONGEST_HEADER: Final = 4096  # bytes, of an array; NumPy writes 128


class StorageError(ValueError):
    """A file is no saved analysis, is damaged, or comes from a newer version."""


def write_archive(path: Path, meta: dict[str, Any], arrays: Mapping[str, Any]) -> None:
    """Write settings and arrays to a file, whole or not at all.

    Parameters
    ----------
    path
        A file there is replaced.
    meta
        What JSON can hold; the arrays' digests are added.
    arrays
        By name; of float32, int64, int8, or unsigned integers of at most four bytes.
    """
    members = {f"{name}.npy": _encoded(array) for name, array in arrays.items()}
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in members.items()}
    # In ASCII: paths of files may hold what is left of another encoding, which UTF-8 cannot write.
    text = json.dumps(meta | {"sha256": digests}, indent=1)
    clear_drafts(path.resolve().parent)
    with replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
        archive.writestr("meta.json", text)
        for name, data in members.items():
            archive.writestr(name, data)


def read_archive(
    path: Path, form: str, versions: Sequence[int]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read what `write_archive` wrote.

    Parameters
    ----------
    path
        The file.
    form, versions
        What ``meta["format"]`` must be, and ``meta["version"]`` one of, rising.

    Returns
    -------
    tuple
        The settings, and the arrays by name; they can be written to.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, PermissionError
        If there is no file to read.
    StorageError
        If it is none, is damaged or of another version, or says that it holds more than it does.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = _sizes(path, archive)
            meta = json.loads(_content(archive, "meta.json", sizes))
            _check_version(path, meta, form, versions)
            members = {name: _content(archive, name, sizes) for name in meta["sha256"]}
    except (FileNotFoundError, IsADirectoryError, PermissionError, StorageError):
        raise
    except Exception as error:  # a damaged archive can fail in any of zipfile's and json's ways
        raise StorageError(
            f"{path} is no saved analysis, or is damaged ({error}); save the analysis again"
        ) from error
    for name, data in members.items():
        if hashlib.sha256(data).hexdigest() != meta["sha256"][name]:
            raise StorageError(f"{path} is damaged: {name} has changed; save the analysis again")
    arrays = {name.removesuffix(".npy"): _decoded(path, name, members[name]) for name in members}
    return meta, arrays


def _encoded(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()


def _sizes(path: Path, archive: zipfile.ZipFile) -> dict[str, int]:
    """Return the size of each member, which the file itself bounds."""
    members = archive.infolist()
    sizes = {member.filename: member.file_size for member in members}
    if len(sizes) < len(members):
        raise StorageError(f"{path} is damaged: it holds a member twice; save the analysis again")
    packed = any(
        member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size
        for member in members
    )
    if packed:
        raise StorageError(
            f"{path} is no file as imbxai_widgets saves it: its members are compressed, so that "
            "it may take far more memory than it is large; save the analysis again"
        )
    if sum(sizes.values()) > path.stat().st_size:
        raise StorageError(
            f"{path} is damaged: its members are larger than the file; save the analysis again"
        )
    return sizes


def _content(archive: zipfile.ZipFile, name: str, sizes: Mapping[str, int]) -> bytearray:
    content = bytearray(sizes[name])
    filled = 0
    with archive.open(name) as member:
        while data := member.read(_BLOCK):
            content[filled : filled + len(data)] = data
            filled += len(data)
    if filled != sizes[name]:
        raise EOFError(f"{name} is cut off")
    return content


def _decoded(path: Path, name: str, data: bytearray) -> Any:
    """Return an array in the memory of `data`."""
    try:
        header = io.BytesIO(data[:_LONGEST_HEADER])
        if np.lib.format.read_magic(header) != (1, 0):
            raise ValueError("its header is of another version")
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(header)
        if fortran or dtype not in _TYPES:
            raise ValueError(f"it holds {dtype}")
        wanted, found = prod(shape) * dtype.itemsize, len(data) - header.tell()
        if min(shape, default=0) < 0 or wanted != found:
            raise ValueError(f"{shape} of {dtype} take {wanted} bytes, not {found}")
        values = np.frombuffer(data, dtype, offset=header.tell()) if found else np.empty(0, dtype)
        return values.reshape(shape)
    except Exception as error:  # NumPy reads a header in several ways, and fails in as many
        raise StorageError(f"{path}: {name} holds no plain array ({error})") from error


def _check_version(path: Path, meta: Any, form: str, versions: Sequence[int]) -> None:
    if not isinstance(meta, dict) or meta.get("format") != form:
        raise StorageError(f"{path} is no saved analysis")
    if meta["version"] not in versions:
        newer = meta["version"] > versions[-1]
        read = " and ".join(map(str, versions))
        raise StorageError(
            f"{path} was written by {'a newer' if newer else 'an older'} version of imbxai_widgets "
            f"(format {meta['version']}, this one reads {read}); "
            f"{'upgrade imbxai_widgets' if newer else 'analyze and save again'}"
        )

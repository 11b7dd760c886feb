"""A journal on disk: JSON lines, each on the disk before its edit counts."""

from __future__ import annotations

import json
import os
import warnings
import weakref
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from imbxai_widgets.edits.identity import Identity, difference

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_FORMAT: Final = "imbxai_widgets edits"
_VERSION: Final = 1


class JournalError(ValueError):
    """A file cannot serve as the journal of edits; it is left as it is."""


class Journal:
    """A file of JSON lines that is only ever added to.

    The first line tells of which images it is, each other one is an entry. An entry is on the disk
    when `append` returns. While it is open, no other process can open it, where there are such
    locks (not on Windows).

    Parameters
    ----------
    path
        The file; made, with its folder, if there is none.
    identity
        What identifies the images.

    Attributes
    ----------
    entries : list of dict
        What it held when it was opened, as JSON has it.

    Raises
    ------
    JournalError
        If the file is no journal, is of other images, or is open in another process.
    OSError
        If it cannot be read and written.

    Warns
    -----
    UserWarning
        If the last line was torn: the process or the machine ended while it was written. It is
        dropped; its edit was not told to be done.
    """

    def __init__(self, path: Path, identity: Identity) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        self._file = os.open(path, flags, 0o644)
        self._size = 0
        self._closing = weakref.finalize(self, os.close, self._file)
        try:
            _lock(self._file, path)
            self.entries = self._read(identity)
        except BaseException:
            self.close()
            raise

    def append(self, entry: Mapping[str, Any]) -> None:
        """Write an entry to the disk.

        Raises
        ------
        OSError
            If it cannot be written; nothing of it is in the file then.
        JournalError
            If the file is closed, or is no more what it was: it was moved, deleted or changed.
        """
        self._check_whole()
        try:
            _write(self._file, _line(entry))
            os.fsync(self._file)
        except BaseException:
            with suppress(OSError):
                os.ftruncate(self._file, self._size)
            raise
        self._size = os.fstat(self._file).st_size

    def close(self) -> None:
        """Let others open the file."""
        self._closing()

    def _read(self, identity: Identity) -> list[Any]:
        content = _content(self._file)
        header = _line({"format": _FORMAT, "version": _VERSION, **identity})
        self._size = len(content)
        if header.startswith(content):  # new, or torn while it was made
            os.ftruncate(self._file, 0)
            _write(self._file, header)
            os.fsync(self._file)
            _sync_folder(self.path.parent)
            self._size, content = len(header), header
        first, *lines = content.split(b"\n")
        self._check_header(first, identity)
        last = lines.pop() if lines else b""  # behind the last line end: nothing, or a torn line
        entries = [self._parsed(line, number) for number, line in enumerate(lines, start=2)]
        if last:
            entries += self._mended(last)
        return entries

    def _check_header(self, line: bytes, identity: Identity) -> None:
        try:
            header = json.loads(line)
            known = header["format"] == _FORMAT
        except (ValueError, KeyError, TypeError):
            known = False
        if not known:
            raise JournalError(
                f"{self.path} is no journal of edits; give the path of one, or of a new file"
            )
        if header.get("version") != _VERSION:
            raise JournalError(
                f"{self.path} is a journal of version {header.get('version')}, not {_VERSION}; "
                "update imbxai_widgets, or give the path of a new file"
            )
        try:
            found = difference(header, identity)
        except (ValueError, KeyError, TypeError) as error:
            raise JournalError(f"the first line of {self.path} is damaged ({error})") from error
        if found is not None:
            raise JournalError(
                f"the edits in {self.path} belong to other images: they differ in {found}. Give "
                "the path of a new file; to go on with these edits, analyze the images that they "
                "were made for, without the edits"
            )

    def _parsed(self, line: bytes, number: int) -> Any:
        try:
            return json.loads(line)
        except ValueError as error:
            raise JournalError(
                f"line {number} of {self.path} is damaged ({error}); mend or remove it, and keep a "
                "copy"
            ) from None

    def _mended(self, last: bytes) -> list[Any]:
        """Return what a last line without an end holds, or cut it off."""
        try:
            entry = json.loads(last)
        except ValueError:
            os.ftruncate(self._file, self._size - len(last))
            self._size -= len(last)
            warnings.warn(
                f"the last line of {self.path} was torn, as when a process ends while it writes; "
                f"it was dropped: {last[:80]!r}",
                stacklevel=6,
            )
            return []
        _write(self._file, b"\n")
        self._size += 1
        return [entry]

    def _check_whole(self) -> None:
        if not self._closing.alive:
            raise JournalError(f"the journal {self.path} is closed; no edit can be added")
        here = os.fstat(self._file)
        try:
            there = os.stat(self.path)
        except OSError:
            there = None
        if there is None or not os.path.samestat(here, there) or here.st_size != self._size:
            raise JournalError(
                f"the journal {self.path} was moved, deleted or changed by another program; the "
                "edit is not done. Put it back as it was, or save the edits by to_csv and give the "
                "path of a new file"
            )


def _line(entry: Mapping[str, Any]) -> bytes:
    return json.dumps(entry, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def _content(file: int) -> bytes:
    parts = []
    while part := os.read(file, 2**20):
        parts.append(part)
    return b"".join(parts)


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _sync_folder(folder: Path) -> None:
    """Have the name of a new file on the disk as well, where folders can be opened."""
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _lock(file: int, path: Path) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise JournalError(
            f"the journal {path} is open in another process, or another Edits of this one; close "
            "it there (Edits.close, or end its kernel), or give another path"
        ) from None
    except OSError:  # this file system has no locks
        return

"""Writing files whole or not at all."""

from __future__ import annotations

import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

try:
    import fcntl
except ImportError:  # Windows, where a file that is open cannot be deleted anyway
    fcntl = None  # type: ignore[assignment]

_DRAFT: Final = re.compile(r"\.[0-9a-f]{16}\.part")
_YOUNG: Final = 60.0  # seconds; a draft so new may not be locked yet


@contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[IO[bytes]]:
    """Give a file to write that takes the place of `path` at the end, in one step.

    If anything fails, what was at `path` is left as it is, with nothing new beside it. Of two
    processes that write to one path, the last to end wins, with its whole file. Who may read and
    write the file stays as it was. The folder is made if missing. Unless `durable`, a crash of
    the machine (not of the process) may leave a file of wrong content, which is for its reader
    to find out.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with open(draft, "xb") as file:
            _lock(file)
            with suppress(FileNotFoundError):
                os.chmod(draft, stat.S_IMODE(path.stat().st_mode))
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def clear_drafts(folder: Path) -> None:
    """Delete what killed processes had begun to write in a folder with `replacing`.

    A process holds a lock on its draft, which ends with it. Where the file system has no locks,
    drafts stay.
    """
    with suppress(OSError):
        for entry in os.scandir(folder):
            if _DRAFT.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                with suppress(OSError):
                    _clear_draft(folder / entry.name)


def _clear_draft(draft: Path) -> None:
    if time.time() - draft.stat().st_mtime < _YOUNG:
        return
    if fcntl is not None:
        with open(draft, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # an OSError while its writer lives
    draft.unlink()


def _lock(file: IO[bytes]) -> None:
    if fcntl is not None:
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

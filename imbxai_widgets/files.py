"""Writing files whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[IO[bytes]]:
    """Give a file to write that takes the place of `path` at the end, in one step.

    If anything fails, what was at `path` is left as it is, with nothing new beside it. Of two
    processes that write to one path, the last to end wins, with its whole file. The folder is
    made if missing. Unless `durable`, a crash of the machine (not of the process) may leave a file
    of wrong content, which is for its reader to find out.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with open(draft, "xb") as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise

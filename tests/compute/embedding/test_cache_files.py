"""The files of a cache: nobody else's are touched, and none is taken for another."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import torch
from embedding_cases import SIZE, network, quiet
from test_faults import assert_same
from torch import Tensor, nn

from imbxai_widgets.compute.embedding import cache_files
from imbxai_widgets.compute.embedding.cache import Cache
from imbxai_widgets.compute.embedding.embedded import Embedded

BATCH = 4
BATCHES = 6
watch = threading.local()
watch.ran, watch.stop_at = 0, None


class Stopping(nn.Module):
    """Counts its batches, and is interrupted at one of them if told to."""

    def forward(self, x: Tensor) -> Tensor:
        watch.ran += 1
        if watch.ran == watch.stop_at:
            raise KeyboardInterrupt
        return x


IMAGES = torch.rand(22, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
DATA = [(image, number % 3) for number, image in enumerate(IMAGES)]
embed = partial(quiet, batch_size=BATCH, salient_fraction=0.2)


def run(
    cache: Path | None, data: Any = DATA, stop_at: int | None = None, **options: Any
) -> Embedded:
    watch.stop_at = None
    model = network(Stopping())
    watch.ran, watch.stop_at = 0, stop_at
    return embed(model, data, cache=cache, **options)


def half_done(cache: Path, batches: int = 3, data: Any = DATA) -> Path:
    """Leave a cache with these batches; return the folder of its entry."""
    before = set(cache.glob("*"))
    with pytest.raises(KeyboardInterrupt):
        run(cache, data, stop_at=batches + 1)
    (entry,) = set(cache.glob("*")) - before
    assert len(list((entry / "batches").iterdir())) == batches
    return entry


def finished(cache: Path) -> Path:
    run(cache)
    (entry,) = cache.iterdir()
    return entry


def rewrite(path: Path, change: Callable[[dict[str, Any], dict[str, Any]], None]) -> None:
    """Change what a file of the cache holds, and its digest with it."""
    arrays = safetensors.numpy.load(path.read_bytes()[32:])
    meta = json.loads(arrays.pop("meta").tobytes())
    change(arrays, meta)
    text = np.frombuffer(json.dumps(meta).encode(), dtype=np.uint8)
    data = safetensors.numpy.save({**arrays, "meta": text})
    path.unlink()
    path.write_bytes(hashlib.sha256(data).digest() + data)


# -- crafted caches ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda meta, victim: meta["mapped"].update(file=str(victim)),
        lambda meta, victim: meta["mapped"].update(sha256=f"/../../{victim.name}"),
        lambda meta, victim: meta["mapped"].update(sha256=str(victim)),
        lambda meta, _: meta["mapped"].update(sha256="0" * 64),
        lambda meta, victim: meta.update(mapped=str(victim)),
        lambda meta, _: meta["mapped"].update(shape=[22, 10**12]),
        lambda meta, _: meta["mapped"].update(shape=[22, -1]),
        lambda meta, _: meta["mapped"].update(shape=[22, 1]),
        lambda meta, _: meta.update(place=["x", None, 0, 22]),
        lambda meta, _: meta.update(skipped=[[0, None, "x"]]),
        lambda meta, _: meta.update(n_classes=1),
        lambda meta, _: meta.clear(),
    ],
)
@pytest.mark.filterwarnings("ignore:the cache in .* holds results of another model:UserWarning")
def test_what_a_crafted_file_names_is_neither_used_nor_deleted(
    tmp_path: Path, change: Callable[[dict[str, Any], Path], None]
) -> None:
    victim = tmp_path / "thesis.txt"
    victim.write_text("mine")
    entry = finished(tmp_path / "cache")
    rewrite(entry / "whole", lambda _, meta: change(meta, victim))
    found = run(tmp_path / "cache")
    assert watch.ran >= BATCHES
    assert_same(found, run(None))
    assert victim.read_text() == "mine"


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays.update(labels=arrays["labels"] + 100),
        lambda arrays: arrays.update(labels=arrays["labels"].astype(np.int32)),
        lambda arrays: arrays.update(positions=arrays["positions"] + 4),
        lambda arrays: arrays.update(positions=arrays["positions"] - 1),
        lambda arrays: arrays.update(embeddings=arrays["embeddings"][:, :3].copy()),
        lambda arrays: arrays.update(embeddings=arrays["embeddings"] * np.float32(np.nan)),
        lambda arrays: arrays.update(embeddings=arrays["embeddings"] * np.float32(1.001)),
        lambda arrays: arrays.update(top_classes=arrays["top_classes"] - 5),
        lambda arrays: arrays.update(digests=arrays["digests"][:1].copy()),
        lambda arrays: arrays.pop("top_of_labels"),
    ],
)
@pytest.mark.filterwarnings("ignore:the cache in .* holds results of another:UserWarning")
def test_a_crafted_batch_is_computed_again(
    tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    entry = half_done(tmp_path)
    rewrite(entry / "batches" / "00000000", lambda arrays, _: change(arrays))
    assert_same(run(tmp_path), run(None))


LINKS = {
    "the results": lambda entry, victims: (entry / "whole", victims / "whole"),
    "about": lambda entry, victims: (entry / "about.json", victims / "about.json"),
    "the entry": lambda entry, victims: (entry, victims),
    "the batches": lambda entry, victims: (entry / "batches", victims / "batches"),
    "the embeddings": lambda entry, victims: (
        next(entry.glob("embeddings-*")),
        next(victims.glob("embeddings-*")),
    ),
}


@pytest.mark.parametrize("which", LINKS)
@pytest.mark.filterwarnings("ignore:the cache in .* cannot be written:UserWarning")
def test_no_link_is_followed(tmp_path: Path, which: str) -> None:
    """What it leads to is neither read nor changed, though it could serve."""
    cache, victims = tmp_path / "cache", tmp_path / "victims"
    entry = finished(cache)
    shutil.copytree(entry, victims)
    (victims / "batches").mkdir()
    (victims / "batches" / "00000000").write_bytes(b"mine")
    before = {path: path.read_bytes() for path in victims.rglob("*") if path.is_file()}
    link, target = LINKS[which](entry, victims)
    if link.is_dir():
        shutil.rmtree(link)
    else:
        link.unlink(missing_ok=True)
    link.symlink_to(target)
    expected = run(None)
    for _ in range(2):
        assert_same(run(cache), expected)
    assert {path: path.read_bytes() for path in victims.rglob("*") if path.is_file()} == before
    old = time.time() - 1e9
    for path in cache.rglob("about.json"):
        os.utime(path, (old, old), follow_symlinks=False)
    cache_files.prune(cache, max_bytes=0, max_age=0)
    assert {path: path.read_bytes() for path in victims.rglob("*") if path.is_file()} == before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are POSIX's")
def test_a_pipe_in_the_place_of_a_file_holds_nobody_up(tmp_path: Path) -> None:
    entry = finished(tmp_path)
    (entry / "whole").unlink()
    os.mkfifo(entry / "whole")
    assert_same(run(tmp_path), run(None))


# -- files in the place of others ----------------------------------------------------------


def test_a_batch_that_was_copied_over_another_is_not_taken_for_it(tmp_path: Path) -> None:
    entry = half_done(tmp_path)
    shutil.copy(entry / "batches" / "00000001", entry / "batches" / "00000002")
    found = run(tmp_path)
    assert_same(found, run(None))


def test_a_batch_of_another_pass_is_not_taken_for_its_own(tmp_path: Path) -> None:
    other = [(image.flip(2), label) for image, label in DATA]
    theirs, ours = half_done(tmp_path, data=other), half_done(tmp_path)
    shutil.copy(theirs / "batches" / "00000001", ours / "batches" / "00000001")
    assert_same(run(tmp_path), run(None))


# -- a disk that cannot be written to ------------------------------------------------------


def test_a_finished_cache_opens_on_a_disk_that_cannot_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = run(tmp_path)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    for name in ("utime", "unlink", "rmdir", "replace"):
        monkeypatch.setattr(os, name, refuse)
    monkeypatch.setattr(cache_files, "replacing", refuse)
    assert_same(run(tmp_path), expected)  # without a warning
    assert watch.ran == 4
    other = [(image / 2, label) for image, label in DATA]
    with pytest.warns(UserWarning, match=r"cannot be written \(.*Read-only file system\)") as told:
        found = run(tmp_path, other)
    assert len(told) == 1
    assert_same(found, run(None, other))


# -- what goes -----------------------------------------------------------------------------


def entry_of(folder: Path, number: int, days: float, size: int = 1000) -> Path:
    entry = folder / f"{number:032x}"
    (entry / "batches").mkdir(parents=True)
    (entry / "batches" / "00000003").write_bytes(bytes(size))
    (entry / "whole").write_bytes(bytes(size))
    (entry / "about.json").write_text("{}")
    used = time.time() - 86400 * days
    os.utime(entry / "about.json", (used, used))
    return entry


def test_entries_go_by_age_and_by_size_and_nothing_else_does(tmp_path: Path) -> None:
    days = {0: 0.0, 1: 1.0, 2: 30.0, 3: 89.0, 4: 91.0}
    entries = {number: entry_of(tmp_path, number, age) for number, age in days.items()}
    (entries[4] / "notes.txt").write_text("mine")
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "f" / "whole").parent.mkdir()
    (tmp_path / "f" / "whole").write_text("mine")
    Cache(tmp_path, nn.Linear(1, 1))  # which alone deletes nothing
    assert (entries[4] / "whole").exists()
    run(tmp_path)
    assert [entry.exists() for entry in entries.values()] == [True, True, True, True, True]
    assert [path.name for path in entries[4].iterdir()] == ["notes.txt"]
    cache_files.prune(tmp_path, max_bytes=5000, max_age=1e9)
    assert [entry.exists() for entry in entries.values()] == [True, False, False, False, True]
    cache_files.prune(tmp_path, max_bytes=0, max_age=0)
    assert entries[0].exists()  # used within the hour
    assert (tmp_path / "notes.txt").read_text() == (tmp_path / "f" / "whole").read_text() == "mine"


def test_a_pass_that_is_used_is_young_again(tmp_path: Path) -> None:
    entry = finished(tmp_path)
    os.utime(entry / "about.json", (0, 0))
    run(tmp_path)  # which would delete it, were it not in use
    assert time.time() - (entry / "about.json").stat().st_mtime < 3600
    assert watch.ran == 4


def test_drafts_of_killed_processes_go(tmp_path: Path) -> None:
    entry = half_done(tmp_path)
    drafts = [entry / f".{'0' * 16}.part", entry / "batches" / f".{'1' * 16}.part"]
    for draft in drafts:
        draft.write_bytes(b"half")
        os.utime(draft, (0, 0))
    run(tmp_path)
    assert not any(draft.exists() for draft in drafts)

"""Nothing that changed meets old results: by chance, what and where it is that changes."""

from __future__ import annotations

import os
import random
import threading
import warnings
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import torch
from cache_changes import CLASSES, FORMS, INSIDE, OUTSIDE, PLACES, USES, Change, N
from embedding_cases import quiet
from torch import Tensor, nn

from imbxai_widgets.compute.embedding.embedded import Embedded
from imbxai_widgets.compute.embedding.fingerprint import Fingerprints

# python -m pytest tests/compute/embedding/test_stale_caches.py -s, with IMBXAI_CACHE_CHANGES=3000
TRIED = int(os.environ.get("IMBXAI_CACHE_CHANGES", "16"))
BATCH = 4
# What no program can read from outside.
UNREAD = {"thread", "context variable", "weak reference", "generator", "module's attribute by name"}
watch = threading.local()
watch.batches = 0


class Watched(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        watch.batches += 1
        return x


def network(thing: nn.Module | None) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(Watched(), thing or nn.Identity(), nn.Flatten(), nn.Linear(6, CLASSES))


@cache
def plain_images() -> list[tuple[Tensor, int]]:
    """What a program gives whose number concerns no image."""
    with Change("number", (), "code", "images", (N,)).built(1, Path(mkdtemp())) as data:
        return [data[index] for index in range(N)]


def run(change: Change, value: float, folder: Path, kept: Path | None, **options: Any) -> Embedded:
    images = plain_images()
    with change.built(value, folder) as thing:
        watch.batches = 0
        model, data = (thing, images) if change.use == "network" else (None, thing)
        return quiet(network(model), data, batch_size=BATCH, cache=kept, layer="2", **options)


def same(one: Embedded, other: Embedded) -> bool:
    return np.array_equal(one.labels, other.labels) and np.allclose(
        one.embeddings, other.embeddings, rtol=1e-3, atol=1e-6
    )


def tried(change: Change, values: list[float], folder: Path, check: str) -> str:
    """Change a number behind the back of a cache; say what came of it."""
    kept = folder / "cache"
    first = run(change, values[0], folder, kept)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        again = run(change, values[0], folder, kept)
        assert same(again, first)
        if any("computed anew" in str(warning.message) for warning in told):
            return "taken for changed"
        if watch.batches == N // BATCH:
            return "not found again"
        told.clear()
        found = run(change, values[1], folder, kept, cache_check=check)
        expected = run(change, values[1], folder, None)
    if same(expected, first):
        return "without effect"
    if not same(found, expected):
        return "unseen"
    anew = any("computed anew" in str(warning.message) for warning in told)
    return "seen by running" if anew else "seen by the key"


def outcomes(
    seed: int, share: float, tmp_path: Path, check: str = "some"
) -> tuple[Counter[str], dict[str, list[Change]]]:
    rng = random.Random(seed)
    counts: Counter[str] = Counter()
    which: dict[str, list[Change]] = {}
    for number in range(TRIED):
        change = Change.drawn(rng, share)
        folder = tmp_path / str(number)
        folder.mkdir()
        outcome = tried(change, rng.sample([0.5, 1.25, 1.5, 2.0, 3.0], 2), folder, check)
        counts[outcome] += 1
        which.setdefault(outcome, []).append(change)
    print(f"{TRIED} changes of {share:.1%} of the images, cache_check={check!r}: {dict(counts)}")
    return counts, which


def test_no_change_of_all_images_goes_unseen(tmp_path: Path) -> None:
    counts, _ = outcomes(0, 1.0, tmp_path)
    assert counts["seen by the key"] + counts["seen by running"] > TRIED / 2
    for wrong in ("unseen", "taken for changed", "not found again"):
        assert counts[wrong] == 0


def test_every_changed_image_is_seen_where_all_are_compared(tmp_path: Path) -> None:
    """What the network does with one image alone is not, where it can't be read from outside."""
    counts, which = outcomes(1, 1 / N, tmp_path, "all")
    assert counts["taken for changed"] == counts["not found again"] == 0
    for change in which.get("unseen", []):
        assert change.use == "network"
        assert change.place in {*OUTSIDE, *UNREAD}


def test_one_changed_image_goes_unseen_only_where_its_cause_cannot_be_read(tmp_path: Path) -> None:
    counts, which = outcomes(2, 1 / N, tmp_path)
    assert counts["taken for changed"] == counts["not found again"] == 0
    assert {change.place for change in which.get("unseen", [])} <= {*OUTSIDE, *UNREAD}


def test_every_form_has_a_fingerprint_of_its_own(tmp_path: Path) -> None:
    """Without a run: the same number gives the same, another one another, and none raises."""
    rng = random.Random(3)
    for _ in range(10 * TRIED):
        change = replace(Change.drawn(rng, 1.0), place=rng.choice(sorted({*PLACES} - UNREAD)))
        found = []
        for value in (1.5, 1.5, 3.0):
            with change.built(value, tmp_path) as thing:
                fingerprints = Fingerprints()
                found.append(fingerprints.of(thing))
                assert not fingerprints.unread
        assert found[0] == found[1] != found[2], change


def test_every_place_and_every_form_is_drawn() -> None:
    rng = random.Random(0)
    drawn = [Change.drawn(rng, 0.5) for _ in range(2000)]
    assert {change.place for change in drawn} == {*PLACES, *OUTSIDE}
    assert {change.form for change in drawn} == set(FORMS)
    assert {name for change in drawn for name in change.inside} == set(INSIDE)
    assert {change.use for change in drawn} == set(USES)

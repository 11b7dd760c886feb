"""How results that are kept are compared with what the model gives now."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from embedding_cases import SIZE, network, quiet
from test_faults import assert_same
from torch import Tensor, nn
from torch.utils.data import Dataset

from imbxai_widgets import analyze
from imbxai_widgets.compute.embedding.cache_check import (
    chosen_batches,
    difference,
    image_digests,
)
from imbxai_widgets.compute.embedding.cache_files import Kept
from imbxai_widgets.compute.embedding.embedded import Embedded
from imbxai_widgets.compute.numeric.probabilities import top_probabilities
from imbxai_widgets.compute.reading.batches import Batch

hidden = threading.local()  # which the fingerprint does not look into


def batch_of(seed: int = 0) -> Batch:
    images = torch.rand(5, 3, 4, 4, generator=torch.Generator().manual_seed(seed))
    rgb = (images * 255).byte().permute(0, 2, 3, 1).numpy()
    labels = np.array([0, 1, 2, 3, 0])
    return Batch(np.arange(5) + 7, images, labels, rgb, np.ones((5, 4, 4), dtype=bool))


def results(logits: np.ndarray, embeddings: np.ndarray | None = None) -> Embedded:
    batch = batch_of()
    if embeddings is None:
        embeddings = np.random.default_rng(1).normal(size=(5, 6))
    top = top_probabilities(torch.from_numpy(logits), batch.labels)
    counts = np.full((5, 3), 100)
    return Embedded(
        embeddings.astype(np.float32), batch.labels, top, logits.shape[1], counts, batch.positions
    )


LOGITS = 4 * np.random.default_rng(0).normal(size=(5, 20))


def told(found: Embedded, batch: Batch | None = None) -> str | None:
    kept = Kept(results(LOGITS), image_digests(batch_of()))
    batch = batch_of() if batch is None else batch
    return difference(kept, batch, image_digests(batch), found)


def test_rounding_is_no_difference_and_more_than_a_ten_thousandth_is() -> None:
    same = results(LOGITS)
    span = np.ptp(same.embeddings[2])
    for part, expected in ((0.5, None), (2.0, "image 9")):
        embeddings = same.embeddings.copy()
        embeddings[2, 3] += np.float32(1e-4 * part * span)
        shown = told(replace(same, embeddings=embeddings))
        assert (shown is None) == (expected is None)
        assert expected is None or expected in str(shown)
    order = np.sort(LOGITS, axis=1)
    for part, differs in ((0.2, False), (5.0, True)):
        logits = LOGITS.copy()
        logits[4, LOGITS[4].argmax()] += 1e-4 * part * (order[4, -1] - order[4, -10])
        assert (told(results(logits)) is not None) == differs
    assert told(results(LOGITS + 3)) is None  # which changes no probability


def test_classes_of_one_probability_may_change_places_and_no_others() -> None:
    tied = LOGITS.copy()
    largest = tied.argsort(axis=1)[:, ::-1]
    rows = np.arange(5)
    tied[rows, largest[:, 1]] = tied[rows, largest[:, 0]]
    kept = Kept(results(tied), image_digests(batch_of()))
    swapped = tied.copy()
    swapped[rows, largest[:, 0]] -= 1e-6
    again = (batch_of(), image_digests(batch_of()))
    assert difference(kept, *again, results(swapped)) is None
    swapped[rows, largest[:, 1]] -= 0.5
    assert "other results of image 7" in str(difference(kept, *again, results(swapped)))


def test_colors_and_shapes_count() -> None:
    same = results(LOGITS)
    assert same.color_counts is not None
    for moved, differs in ((2, False), (20, True)):
        counts = same.color_counts.copy()
        counts[3] += [moved, -moved, 0]
        assert (told(replace(same, color_counts=counts)) is not None) == differs
    assert told(replace(same, color_counts=None)) is not None
    assert told(replace(same, embeddings=same.embeddings[:, :5])) is not None
    assert told(results(np.column_stack([LOGITS, LOGITS[:, 0] - 99]))) is not None


@pytest.mark.parametrize(
    "change",
    [
        lambda batch: batch._replace(images=batch.images + 1e-6),
        lambda batch: batch._replace(images=batch.images.double()),
        lambda batch: batch._replace(images=batch.images.reshape(5, 3, 2, 8)),
        lambda batch: batch._replace(labels=batch.labels + 1),
        lambda batch: batch._replace(rgb=255 - batch.rgb),
        lambda batch: batch._replace(rgb=None),
        lambda batch: batch._replace(foreground=~batch.foreground),
    ],
)
def test_all_that_an_image_is_made_of_counts(change: Callable[[Batch], Batch]) -> None:
    assert "of other images (image 7" in str(told(results(LOGITS), change(batch_of())))


def test_images_that_can_no_longer_be_read_are_a_difference() -> None:
    batch = batch_of()
    kept = Kept(results(LOGITS), image_digests(batch))
    some = batch.part(slice(1, 5))
    assert "no longer be read" in str(difference(kept, some, image_digests(some), None))
    assert "no longer be read" in str(difference(kept, None, None, None))


def test_the_first_the_last_and_some_new_batches_are_run_again() -> None:
    drawn = [chosen_batches(range(3, 103)) for _ in range(50)]
    assert all(len(chosen) == 4 and chosen[0] == 3 and chosen[-1] == 102 for chosen in drawn)
    assert len({number for chosen in drawn for number in chosen}) > 50
    assert chosen_batches([5]) == [5]


# -- a whole pass --------------------------------------------------------------------------


class Scaled(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        hidden.ran += 1
        return x * hidden.scale


class Found(Dataset[Any]):
    """Finds an image when it is read, as a file by a name that is put together then."""

    def __len__(self) -> int:
        return 40

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image = torch.full((3, SIZE, SIZE), index / 40)
        return image + hidden.images.get(index, 0), index % 3


@pytest.fixture(autouse=True)
def _unchanged() -> None:
    hidden.scale, hidden.images, hidden.ran = 1.0, {}, 0


def embed(cache: Path | None, **options: Any) -> Embedded:
    model = network()  # whose statistics know nothing of the scale
    model[0] = Scaled()
    return quiet(model, Found(), cache=cache, batch_size=4, **options)


def test_a_model_that_changed_unseen_is_run_anew_and_that_is_said(tmp_path: Path) -> None:
    embed(tmp_path)
    hidden.scale = 1.01
    with pytest.warns(UserWarning, match=r"holds results of another model \(.* image 1\); they"):
        found = embed(tmp_path)
    assert_same(found, embed(None))
    hidden.ran = 0
    assert_same(embed(tmp_path), found)
    assert hidden.ran == 4


@pytest.mark.parametrize("index", [2, 37])  # none that is looked at for the key
def test_an_image_of_the_first_or_the_last_batch_never_changes_unseen(
    tmp_path: Path, index: int
) -> None:
    embed(tmp_path)
    hidden.images = {index: 0.5}
    with pytest.warns(UserWarning, match=rf"of other images \(image {index} or its label"):
        found = embed(tmp_path)
    assert_same(found, embed(None))


def test_all_images_are_compared_where_that_is_asked_for(tmp_path: Path) -> None:
    before = embed(tmp_path)
    hidden.images = {17: 0.5}
    with pytest.warns(UserWarning, match=r"of other images \(image 17 or its label"):
        found = embed(tmp_path, cache_check="all")
    assert (found.embeddings[17] != before.embeddings[17]).any()
    assert_same(found, embed(None))
    hidden.ran = 0
    embed(tmp_path, cache_check="all")
    assert hidden.ran == 4  # the others are read, and not run
    with pytest.raises(ValueError, match='cache_check must be "some" or "all", not \'none\''):
        embed(tmp_path, cache_check="none")


def test_analyze_hands_the_check_on(tmp_path: Path) -> None:
    options: dict[str, Any] = {"k": 2, "batch_size": 4, "progress": False, "device": "cpu"}
    model = network(Scaled())
    analyze(model, Found(), cache=tmp_path, **options)
    hidden.images = {17: 0.5}
    with pytest.warns(UserWarning, match="image 17 or its label"):
        analyze(model, Found(), cache=tmp_path, cache_check="all", **options)


class Opaque(Found):
    def __init__(self) -> None:
        self.source = (number for number in range(3))


def test_what_cannot_be_read_is_named_and_stops_nothing(tmp_path: Path) -> None:
    model = network(Scaled())
    first = quiet(model, Opaque(), cache=tmp_path, batch_size=4)
    hidden.ran = 0
    with pytest.warns(UserWarning, match=r"cannot be told: builtins\.generator\. Some batches"):
        again = quiet(model, Opaque(), cache=tmp_path, batch_size=4)
    assert hidden.ran == 4
    assert_same(again, first)
    quiet(model, Opaque(), cache=tmp_path, batch_size=4, cache_check="all")  # without a warning


def test_another_check_is_refused_without_a_cache_too() -> None:
    with pytest.raises(ValueError, match='cache_check must be "some" or "all", not \'every\''):
        quiet(network(), [(torch.ones(3, SIZE, SIZE), 0)] * 3, cache_check="every")

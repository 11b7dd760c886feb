"""Images around a decision, against logits that are shifted and looked at again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from decision_cases import predictions_after
from remedy_cases import make_what_if_analysis

from imbxai_widgets.analysis import Analysis, Head, decision_images
from imbxai_widgets.analysis.decision_images import DecisionImages, DecisionSource
from imbxai_widgets.compute.numeric.types import IntArray
from imbxai_widgets.compute.reading.splits import SPLITS


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    """Six classes; of some images, the recorded prediction is not that of the head's logits."""
    rng = np.random.default_rng(5)
    head = Head(rng.normal(size=(6, 4)), rng.normal(size=6))
    splits = []
    for size in (300, 200):
        embeddings = rng.normal(size=(size, 4)).astype(np.float32)
        labels, outputs = rng.integers(0, 6, size), head.logits(embeddings)
        splits.append((embeddings, labels, outputs.argmax(axis=1)))
    made = Analysis.from_arrays(*splits[0], validation=splits[1], head=head)
    assert made.validation is not None
    top = made.validation.top
    classes = top.classes.copy()
    classes[:7, 0] = (classes[:7, 0] + 1) % 6
    unlike = replace(made.validation, top=top._replace(classes=classes))
    return replace(made, validation=unlike)


def after(
    found: DecisionImages, label: int, adversary: int, offsets: tuple[float, float]
) -> object:
    """Return what is predicted of the images, by their few logits alone."""
    own, other = (
        (logits + np.float64(offset)).astype(np.float32)
        for logits, offset in zip(found.logits[:2], offsets, strict=True)
    )
    logits = np.stack([own, other, found.logits.outside])
    classes = np.stack(np.broadcast_arrays(label, adversary, found.logits.rival))
    told: IntArray = np.where(logits == logits.max(axis=0), classes, 1_000).min(axis=0)
    return told


@pytest.mark.parametrize("offsets", [{}, {3: 1.5}, {0: -2.0, 5: 0.75}])
@pytest.mark.parametrize("moved", [(0.0, 0.0), (1.5, 0.0), (-2.0, 0.5), (3.0, 3.0)])
def test_the_images_tell_all_predictions_that_change(
    analysis: Analysis, moved: tuple[float, float], offsets: dict[int, float]
) -> None:
    source = DecisionSource(analysis)
    changed = 0
    for name in SPLITS:
        found = source.images(name, 2, 4, reach=3.0, offsets=offsets)
        wanted = {**offsets, 2: moved[0], 4: moved[1]}
        before, now = predictions_after(analysis, name, wanted)
        told = after(found, 2, 4, moved)
        mended = np.where(told == found.largest, before[found.rows], told)
        assert mended.tolist() == now[found.rows].tolist()
        rest = np.setdiff1d(np.arange(len(before)), found.rows)
        assert before[rest].tolist() == now[rest].tolist()
        changed += int((before != now).sum())
    assert (changed > 0) == bool(offsets or any(moved))


def test_only_images_within_reach_are_returned(analysis: Analysis) -> None:
    source = DecisionSource(analysis)
    sizes = [len(source.images("training", 0, 1, reach=reach).rows) for reach in (0.0, 1.0, 50.0)]
    split = analysis.train
    own = np.isin(split.labels, [0, 1]) | np.isin(split.predictions, [0, 1])
    assert sizes[0] == own.sum() < sizes[1] < sizes[2] == len(split)


def test_what_cannot_be_told_is_refused(
    analysis: Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = DecisionSource(analysis)
    with pytest.raises(ValueError, match="no adversary of its own"):
        source.images("training", 1, 1, reach=1.0)
    with pytest.raises(ValueError, match="other than the two"):
        source.images("training", 1, 2, reach=1.0, offsets={2: 1.0})
    monkeypatch.setattr(decision_images, "_MOST_BYTES", 2_000)
    with pytest.raises(ValueError, match="logits of 300 training images and 6 classes take"):
        DecisionSource(analysis).images("training", 1, 2, reach=1.0)


def test_logits_that_are_not_known_are_refused() -> None:
    rng = np.random.default_rng(0)
    plain = make_what_if_analysis()
    assert plain.validation is not None
    assert plain.validation.embeddings is not None
    unseen = (plain.validation.embeddings, plain.validation.labels, rng.integers(0, 3, 90))
    given = Analysis.from_arrays(
        plain.embeddings, plain.labels, plain.predictions, validation=unseen
    )
    with pytest.raises(ValueError, match="needs the logits of the network"):
        DecisionSource(given).images("validation", 0, 1, reach=1.0)

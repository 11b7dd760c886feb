"""Small networks to try remedies on."""

from __future__ import annotations

import numpy as np

from imbxai_widgets.analysis import Analysis, Head
from imbxai_widgets.compute.remedies.decision import Decision, Network

NAMES = ("many", "some", "few")
SIZES = (60, 24, 6)


def draw(
    rng: np.random.Generator, sizes: tuple[int, ...], noise: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return embeddings (n, 4), of which the first three tell the class, and labels."""
    labels = np.repeat(np.arange(len(sizes)), sizes)
    embeddings = rng.normal(scale=noise, size=(len(labels), 4))
    embeddings[np.arange(len(labels)), labels] += 1.5
    return embeddings.astype(np.float32), labels


def make_head(*, normalized: bool = False, seed: int = 3) -> Head:
    rng = np.random.default_rng(seed)
    weight = np.eye(3, 4) + 0.2 * rng.normal(size=(3, 4))
    bias = None if normalized else np.array([1.0, 0.3, -0.5])
    return Head(weight, bias, scale=8.0 if normalized else 1.0, normalized=normalized)


def make_network(head: Head | None = None, seed: int = 0, **options: object) -> Network:
    embeddings, labels = draw(np.random.default_rng(seed), SIZES)
    size = len(labels)
    positions = np.arange(size) + (np.arange(size) >= 5)  # image 5 could not be read
    return Network(
        NAMES,
        embeddings,
        labels,
        head,
        positions,
        size + 1,
        lambda: np.arange(size)[::-1],
        **options,  # type: ignore[arg-type]
    )


def before(head: Head | None = None, **options: object) -> Decision:
    return Decision.before(make_network(head, **options))  # type: ignore[arg-type]


def make_what_if_analysis(
    head: Head | None = None, *, validation: tuple[int, ...] = (30, 30, 30)
) -> Analysis:
    """Return an analysis with a linear head, of a network that prefers large classes."""
    rng = np.random.default_rng(0)
    own = make_head() if head is None else head
    training, held_out = draw(rng, SIZES), draw(rng, validation)
    return Analysis.from_arrays(
        *training,
        own.logits(training[0]),
        validation=(*held_out, own.logits(held_out[0])),
        class_names=NAMES,
        head=own,
    )

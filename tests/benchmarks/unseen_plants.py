"""Kinds of planted faults that played no part when the rules of the diagnosis were chosen."""

from __future__ import annotations

from typing import Final

import numpy as np

from tests.benchmarks.plants import (
    DECISION,
    DUPLICATES,
    LABELS,
    OVERLAP,
    SHIFT,
    SHORTCUT,
    SUBGROUP,
    Plant,
    Plot,
    repeat,
    with_images,
    with_labels,
)

HIDDEN = 0.4  # the part of the validation images that a sub-group is


def blur_training(plot: Plot, amount: float) -> None:
    """Pull pixels of the victim's training images toward the mean of the 3x3 around them."""
    rows = plot.own(plot.training)
    images = plot.training.images[rows].astype(float)
    wide = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    means = np.lib.stride_tricks.sliding_window_view(wide, (3, 3), (1, 2)).mean(axis=(-2, -1))
    blurred = np.round((1 - amount) * images + amount * means).astype(np.uint8)
    plot.training = with_images(plot.training, rows, blurred)


def color_background(plot: Plot, share: float) -> None:
    """Make what is like the corners green, in a share of the victim's training images."""
    rows = plot.some(plot.own(plot.training), share)
    images = plot.training.images[rows]
    corner = images[:, :1, :1].astype(int)
    background = (abs(images.astype(int) - corner) < 30).all(axis=3)
    images[background] = (0, 160, 0)
    plot.training = with_images(plot.training, rows, images)


def scatter_labels(plot: Plot, share: float) -> None:
    """Give a share of the victim's training images labels of any other classes."""
    rows = plot.some(plot.own(plot.training), share)
    labels = np.unique(plot.training.labels)
    drawn = plot.rng.choice(labels[labels != plot.victim], len(rows))
    plot.training = with_labels(plot.training, rows, drawn)


def turn_validation(plot: Plot, quarters: float) -> None:
    """Turn the victim's validation images by quarters of a circle."""
    rows = plot.own(plot.validation)
    turned = np.rot90(plot.validation.images[rows], int(quarters), axes=(1, 2))
    plot.validation = with_images(plot.validation, rows, turned)


def zoom_subgroup(plot: Plot, share: float) -> None:
    """Show the middle half alone: two fifths of the victim's validation images, few in training."""

    def zoomed(images: np.ndarray) -> np.ndarray:
        size = images.shape[1]
        rows = size // 4 + np.arange(size) // 2
        return images[:, rows][:, :, rows]

    for name, part_share in (("training", share), ("validation", HIDDEN)):
        part = getattr(plot, name)
        rows = plot.some(plot.own(part), part_share)
        setattr(plot, name, with_images(part, rows, zoomed(part.images[rows])))


def draw_rarely(plot: Plot, share: float) -> None:
    """Keep all images, but show the victim's less often in training."""
    plot.drawn = np.where(plot.training.labels == plot.victim, share, 1.0)


def repeat_nearly(plot: Plot, share: float) -> None:
    """Put copies of few of the victim's training images in the place of all others, with noise."""
    repeat(plot, share)
    rows = plot.own(plot.training)
    images = plot.training.images[rows]
    noise = plot.rng.integers(-6, 7, images.shape)
    noisy = np.clip(images + noise, 0, 255).astype(np.uint8)
    plot.training = with_images(plot.training, rows, noisy)


def mix_labels(plot: Plot, share: float) -> None:
    """Give a share of the images of both classes the other's label, in both parts."""

    for name in ("training", "validation"):
        part = getattr(plot, name)
        pair = ((plot.victim, plot.other), (plot.other, plot.victim))
        drawn = [(plot.some(np.flatnonzero(part.labels == a), share), b) for a, b in pair]
        for rows, label in drawn:
            part = with_labels(part, rows, label)
        setattr(plot, name, part)


UNSEEN: Final[dict[str, Plant]] = {
    "training images blurred": Plant(SHIFT, blur_training, (0.3, 0.5, 0.8)),
    "background colored in training": Plant(SHORTCUT, color_background, (0.85, 0.95, 1)),
    "wrong labels of any class": Plant(LABELS, scatter_labels, (0.3, 0.5, 0.6)),
    "validation images turned": Plant(SHIFT, turn_validation, (2, 1, 1)),
    "sub-group of zoomed images": Plant(SUBGROUP, zoom_subgroup, (0.1, 0.03, 0)),
    "class drawn rarely": Plant(DECISION, draw_rarely, (0.1, 0.05, 0.03)),
    "near copies": Plant(DUPLICATES, repeat_nearly, (0.1, 0.06, 0.04)),
    "labels mixed in both parts": Plant(OVERLAP, mix_labels, (0.15, 0.3, 0.45), mixed=True),
}

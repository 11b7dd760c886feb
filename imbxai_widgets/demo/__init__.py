"""Emoji images in ten imbalanced classes, and networks trained on them.

The images are the drawings of two designers' teams, Noto Emoji and Twemoji; their licenses
and the changes made to them are in `licenses/`. Everything is part of the package, so that
nothing is downloaded. It can be made again, by

    python -m imbxai_widgets.demo.build_images --google X.tgz --twitter Y.tgz
    python -m imbxai_widgets.demo.train
"""

from __future__ import annotations

from typing import NamedTuple

from imbxai_widgets.demo.images import CLASSES, EmojiDataset, EmojiRecord, load_images
from imbxai_widgets.demo.network import Method, ResNet20, load_network

__all__ = [
    "CLASSES",
    "Demo",
    "EmojiDataset",
    "EmojiRecord",
    "ResNet20",
    "load_demo",
]


class Demo(NamedTuple):
    """A trained model and the images it was trained and validated on."""

    model: ResNet20
    train: EmojiDataset
    validation: EmojiDataset


def load_demo(training: Method = "ce") -> Demo:
    """Load the emoji images and a network that was trained on them.

    Parameters
    ----------
    training
        How the network was trained: "ce" with cross-entropy, blind to the imbalance, "ldam" with
        larger margins for small classes and deferred re-weighting (Cao et al., 2019).

    Returns
    -------
    Demo
        A named tuple `(model, train, validation)`. The model is on the CPU and in evaluation
        mode. The datasets give pairs of a normalized float32 tensor (3, 32, 32) and an int
        label. No emoji is in both of them, not even as drawn by the other vendor.

    Raises
    ------
    ValueError
        If `training` is something else.

    Examples
    --------
    >>> model, train, validation = load_demo()
    >>> image, label = train[0]
    >>> train.classes[label]
    'People'
    >>> model(image.unsqueeze(0)).shape
    torch.Size([1, 10])
    """
    train, validation = load_images()
    return Demo(load_network(training), train, validation)

"""A network of the demo with the images that it was trained and validated on."""

from __future__ import annotations

from typing import NamedTuple

from imbxai_widgets.demo.images import EmojiDataset, load_images
from imbxai_widgets.demo.network import Method, ResNet20, load_network


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

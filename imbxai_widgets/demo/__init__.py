"""Emoji images in ten imbalanced classes, and networks trained on them.

The images are the drawings of two designers' teams, Noto Emoji and Twemoji; their licenses
and the changes made to them are in `licenses/`. Everything is part of the package, so that
nothing is downloaded. It can be made again, by

    python -m imbxai_widgets.demo.build_images --google X.tgz --twitter Y.tgz
    python -m imbxai_widgets.demo.train
"""

from __future__ import annotations

from imbxai_widgets.demo.images import CLASSES, EmojiDataset, EmojiRecord, load_images
from imbxai_widgets.demo.loading import Demo, load_demo
from imbxai_widgets.demo.network import ResNet20, load_network

__all__ = [
    "CLASSES",
    "Demo",
    "EmojiDataset",
    "EmojiRecord",
    "ResNet20",
    "load_demo",
    "load_images",
    "load_network",
]

"""The demo's classifiers: a residual network for 32x32 images, trained in two ways."""

from __future__ import annotations

from importlib.resources import files
from typing import Literal, TypeAlias

import safetensors.torch

from imbxai_widgets.demo.images import CLASSES
from imbxai_widgets.training.networks import ResNet

Method: TypeAlias = Literal["ce", "ldam"]

# The scale that the weights of "ldam" were trained with.
LDAM_SCALE = 10.0
WEIGHTS: dict[Method, str] = {"ce": "resnet20.safetensors", "ldam": "resnet20_ldam.safetensors"}


class ResNet20(ResNet):
    """The `ResNet` of depth 20, which suits images as few as the demo's.

    Parameters
    ----------
    n_classes
        Number of logits.
    scale
        None for an ordinary linear head, else the scale of a `NormalizedLinear`.

    Examples
    --------
    >>> import torch
    >>> ResNet20()(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 10])
    """

    def __init__(self, n_classes: int = len(CLASSES), scale: float | None = None) -> None:
        super().__init__(20, n_classes, scale)


def load_network(training: Method = "ce") -> ResNet20:
    """Return a trained network that comes with the package, on the CPU, in evaluation mode.

    Parameters
    ----------
    training
        "ce" for the one trained with cross-entropy, "ldam" for that trained with LDAM-DRW.

    Raises
    ------
    ValueError
        If `training` is something else.

    Examples
    --------
    >>> load_network("ldam").training
    False
    """
    if training not in WEIGHTS:
        raise ValueError(f"training must be one of {', '.join(WEIGHTS)}, not {training!r}")
    model = ResNet20(scale=LDAM_SCALE if training == "ldam" else None)
    weights = (files("imbxai_widgets.demo") / "data" / WEIGHTS[training]).read_bytes()
    model.load_state_dict(safetensors.torch.load(weights))
    return model.eval()

"""Finds the layer of a network that is a head known by its weights, without running the network."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from imbxai_widgets.compute.embedding.found_head import weight_matrices
from imbxai_widgets.compute.numeric.head import Head


def layer_of_head(model: nn.Module, head: Head) -> str:
    """Return the dotted name of the layer that has the weights of a head.

    Parameters
    ----------
    model
        A network.
    head
        Of a pass of this network.

    Returns
    -------
    str
        "" where that is the model itself. Where layers contain one another, the innermost.

    Raises
    ------
    ValueError
        If no layer has these weights, as after more training, or several have.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))
    >>> last = model[2]
    >>> layer_of_head(model, Head(last.weight.detach().numpy(), last.bias.detach().numpy()))
    '2'
    """
    found: list[str] = [
        name for name, module in model.named_modules() if _has_weights(module, head)
    ]
    if not found:
        raise ValueError(
            "no layer of the model has the weights of the head of the analysis: is it the model "
            "that was analyzed, and as it was then?"
        )
    if len(found) > 1:
        raise ValueError(f"several layers have the weights of the head: {', '.join(found)}")
    return found[0]


@torch.no_grad()
def _has_weights(module: nn.Module, head: Head) -> bool:
    for weight, bias in weight_matrices(module, head.n_classes, head.n_features):
        same_bias = head.bias is None or (bias is not None and np.array_equal(bias, head.bias))
        if np.array_equal(weight, head.weight) and same_bias:
            return True
    return False


def entering(layer: nn.Module, given: Tensor) -> Tensor:
    """Return the embedding in what enters a head: (B, D), averaged over pixels or tokens.

    Parameters
    ----------
    layer
        The head.
    given
        Its input: (B, D), (B, ..., D), or of a convolution (B, D, ...).

    Examples
    --------
    >>> entering(nn.Conv2d(3, 2, 1), torch.ones(5, 3, 8, 8)).shape
    torch.Size([5, 3])
    """
    if given.ndim == 2:
        return given
    axis = 1 if isinstance(layer, _ConvNd) else -1
    return given.movedim(axis, 1).flatten(2).mean(dim=2)

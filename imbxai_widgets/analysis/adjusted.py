"""A network with a remedy in it."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from imbxai_widgets.compute.embedding.head_layer import entering, layer_of_head
from imbxai_widgets.compute.embedding.model_state import unwrapped
from imbxai_widgets.compute.embedding.outputs import logits_candidates
from imbxai_widgets.compute.numeric.head import Head
from imbxai_widgets.compute.remedies.decision import Decision


class HeadLayer(nn.Module):
    """A `Head` as a layer, from embeddings (B, D) to logits (B, C).

    Examples
    --------
    >>> layer = HeadLayer(Head([[1.0, 0.0], [0.0, 2.0]], bias=[0.5, 0.0]))
    >>> layer(torch.tensor([[3.0, 4.0]]))
    tensor([[3.5000, 8.0000]], grad_fn=<AddmmBackward0>)
    """

    def __init__(self, head: Head) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(head.weight))
        self.bias = None if head.bias is None else nn.Parameter(torch.tensor(head.bias))
        self.scale, self.normalized = head.scale, head.normalized

    def forward(self, embeddings: Tensor) -> Tensor:
        """Return logits."""
        weight: Tensor = self.weight
        rows = embeddings.to(weight.dtype)
        if self.normalized:
            rows, weight = (nn.functional.normalize(each, dim=1) for each in (rows, weight))
        logits = nn.functional.linear(rows, weight, self.bias)
        return logits if self.scale == 1 else self.scale * logits


class AdjustedNetwork(nn.Module):
    """A copy of a network that gives the logits after remedies.

    Made by `imbxai_widgets.analysis.WhatIf.module`. It returns logits (B, C) alone, whatever else
    the network returns.

    Attributes
    ----------
    model
        The copy.
    layer
        The dotted name of its head, of which the input is the embedding; None where the network's
        own logits serve.
    head
        What takes the place of that head.
    factor, shifts
        Logits are multiplied by the one, and the others (C,) are added.
    """

    shifts: Tensor

    def __init__(self, model: nn.Module, decision: Decision, layer: str | None) -> None:
        super().__init__()
        self.model = copy.deepcopy(unwrapped(model))
        self.layer = layer
        self.head = None
        if layer is not None:
            assert decision.head is not None
            self.head = HeadLayer(decision.head)
        self.factor = decision.factor
        self.register_buffer("shifts", torch.tensor(decision.shifts, dtype=torch.float32))
        place = next(self.model.parameters(), torch.empty(0)).device
        self.to(place)

    def forward(self, *inputs: Any, **named: Any) -> Tensor:
        """Return the logits (B, C) of what the network takes."""
        return self.factor * self._logits(*inputs, **named) + self.shifts

    def _logits(self, *inputs: Any, **named: Any) -> Tensor:
        if self.layer is None or self.head is None:
            output = self.model(*inputs, **named)
            size = len(next(value for value in (*inputs, *named.values())))
            found = logits_candidates(output, size, len(self.shifts))
            return next(iter(found.values()))
        layer = self.model.get_submodule(self.layer)
        seen: list[Tensor] = []
        hook = layer.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
        try:
            self.model(*inputs, **named)
        finally:
            hook.remove()
        logits: Tensor = self.head(entering(layer, seen[-1]))
        return logits


def adjusted(model: nn.Module, decision: Decision, layer: str | None) -> AdjustedNetwork:
    """Return a copy of a network that gives the logits of a decision.

    Raises
    ------
    ValueError
        If it is not known where the embedding is, or the model is not that of the analysis.
    """
    network = unwrapped(model)
    own = decision.network.head
    if layer is not None:
        try:
            network.get_submodule(layer)
        except AttributeError:
            raise ValueError(f"the model has no layer {layer!r}") from None
    elif own is not None:
        layer = layer_of_head(network, own)
    elif decision.has_new_head:
        raise ValueError(
            "the analysis has no head by which to find the layer that takes the embedding; name "
            "it: module(model, layer='fc')"
        )
    return AdjustedNetwork(network, decision, layer if decision.head is not None else None)

"""Which layer of a network is its classifier head: the one whose output is the logits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

# What models do to logits, and whether the softmax of what they return is that of the logits.
_BEHIND: dict[str, tuple[Callable[[Tensor], Tensor], bool]] = {
    "softmax": (lambda scores: scores.softmax(dim=1), False),
    "log_softmax": (lambda scores: scores.log_softmax(dim=1), True),
    "sigmoid": (torch.sigmoid, False),
}
_LISTED = 12  # layers that an explanation lists, the last ones executed


@dataclass(frozen=True, eq=False)
class Call:
    """One run of one layer.

    Attributes
    ----------
    name
        Dotted name in the model, "" for the model itself.
    module
        The layer.
    input_shape, output_shape
        None where that is no tensor.
    embedding
        (B, D), what entered the layer, averaged over positions (pixels or tokens); None where the
        layer can be no head.
    scores
        (B, C) each, the logits that the layer may have given, averaged over positions.
    scale
        Largest average size of a score, before positive and negative ones cancel.
    """

    name: str
    module: nn.Module
    input_shape: tuple[int, ...] | None
    output_shape: tuple[int, ...] | None
    embedding: Tensor | None
    scores: tuple[Tensor, ...]
    scale: Tensor

    def __str__(self) -> str:
        return (
            f"{self.name or '(the model itself)'}: {type(self.module).__name__} "
            f"{self.input_shape} -> {self.output_shape}"
        )


@torch.no_grad()
def observed(name: str, module: nn.Module, given: Any, output: Any) -> Call:
    """Record one run of a layer, with copies of what tells whether it is the head.

    Three kinds of layer can be a head: linear layers, on vectors or on tokens; convolutions, whose
    map of class scores the model averages; and other layers from (B, D) to (B, C) that own a
    weight matrix, such as those that compare directions (normalized heads). An average of their
    inputs is the embedding: linear layers commute with averages. Before the average there may be a
    ReLU, as in SqueezeNet, if the convolution has no extent: behind one that has, as in VGG without
    its head, that makes features.

    Parameters
    ----------
    name
        Dotted name of the layer in the model.
    module
        The layer.
    given, output
        Its first argument, and what it returned.

    Returns
    -------
    Call

    Examples
    --------
    >>> layer, maps = nn.Conv2d(8, 3, 1), torch.ones(2, 8, 5, 5)
    >>> call = observed("classifier", layer, maps, layer(maps))
    >>> str(call), call.embedding.shape
    ('classifier: Conv2d (2, 8, 5, 5) -> (2, 3, 5, 5)', torch.Size([2, 8]))
    """
    shapes = _shape(given), _shape(output)
    axis = _feature_axis(module, given, output)
    if axis is None:
        return Call(name, module, *shapes, None, (), torch.zeros(()))
    pointwise = isinstance(module, _ConvNd) and set(module.kernel_size) == {1}
    scores = (output, output.relu()) if pointwise and output.ndim > 2 else (output,)
    return Call(
        name,
        module,
        *shapes,
        _averaged(given, axis),
        tuple(_averaged(score, axis) for score in scores),
        _averaged(output.abs(), axis).nan_to_num(0, 0, 0).max(),
    )


def find_head(calls: Sequence[Call], logits: Tensor) -> Call | None:
    """Find the layer whose output is the logits, value for value.

    Linear layers and convolutions come before other layers, which may contain them, and the last
    one executed before earlier ones. Where no output is the logits, one may be that is in
    proportion to them (logits divided by a temperature, or scaled behind a normalized head): by a
    positive factor, which leaves every prediction as it is.

    Parameters
    ----------
    calls
        Layers in the order in which their runs ended.
    logits
        (B, C), what the model returned.

    Returns
    -------
    Call or None
        None where no layer gives the logits.
    """
    logits = logits.detach()
    able = [call for call in calls if _gave(call, logits)]
    plain = [call for call in reversed(able) if isinstance(call.module, nn.Linear | _ConvNd)]
    ranked = plain + [call for call in able if call not in plain]
    for in_proportion in (False, True):
        excess = [_mismatch(call, logits, in_proportion=in_proportion) for call in ranked]
        if excess and min(excess) <= 1:
            return ranked[excess.index(min(excess))]
    return None


def main_output(heads: Mapping[str, Call], calls: Sequence[Call]) -> str:
    """Choose among several outputs of a model that each have a head: the logits run last.

    An embedding that a linear layer gives and the logits made of it are told apart by that. Heads
    that read one embedding, as beside a projection of it, cannot be; then the first is taken.

    Parameters
    ----------
    heads
        The head of each output, in the order in which the model returns them.
    calls
        Layers in the order in which their runs ended.

    Returns
    -------
    str
        A key of `heads`.
    """
    last = max(heads.values(), key=lambda head: next(i for i, c in enumerate(calls) if c is head))
    return next(name for name, head in heads.items() if _same_input(head, last))


def _same_input(one: Call, other: Call) -> bool:
    here, there = one.embedding, other.embedding
    assert here is not None
    assert there is not None
    if here.shape != there.shape:
        return False
    return bool(((here == there) | (here.isnan() & there.isnan())).all())


def squashed_logits(calls: Sequence[Call], output: Tensor) -> str | None:
    """Say whether a model returns the softmax or sigmoid of a layer's logits instead of them.

    Returns
    -------
    str or None
        Such as "the sigmoid of what 'fc' gives"; None if the output is nothing of the kind, or a
        log-softmax, whose softmax is that of the logits.
    """
    return next((what for what, harmless in _squashed(calls, output) if not harmless), None)


def explain_missing_head(calls: Sequence[Call], logits: Tensor) -> str:
    """Say why no layer is the head, and list the layers that could give the embedding instead.

    Parameters
    ----------
    calls, logits
        As for `find_head`.

    Returns
    -------
    str
        What was found instead of the head, the way out, and the last layers with their shapes.
    """
    able = [call for call in calls if _gave(call, logits)]
    behind = next(iter(_squashed(calls, logits)), None)
    if behind is not None:
        problem = (
            f"the model returns {behind[0]}, not the logits themselves, on which confidences and "
            "saliency rest; let it return these"
        )
    elif able:
        problem = (
            f"the model does not return what its last layer of {logits.shape[1]} outputs, "
            f"{able[-1].name!r}, gives (are several heads averaged, or the logits "
            "adjusted, or is the head missing?)"
        )
    else:
        problem = (
            "no linear layer, convolution or layer with a weight matrix gave the "
            f"{logits.shape[1]} logits"
        )
    mend = (
        'Pass layer: a submodule or its name for its output, or "<name" for its input. '
        if behind is None or behind[1]
        else ""
    )
    ran = "\n  ".join(map(str, calls[-_LISTED:])) or "none"
    return (
        f"the classifier's head was not found: {problem}. {mend}The layers that ran last, with "
        f"shapes:\n  {ran}"
    )


def _feature_axis(module: nn.Module, given: Any, output: Any) -> int | None:
    """Return the axis of the features of a layer that can be a head, None for any other layer."""
    for value in (given, output):
        if not isinstance(value, Tensor) or not value.is_floating_point():
            return None
    if isinstance(module, nn.Linear) and given.ndim >= 2:
        return -1
    if isinstance(module, _ConvNd) and output.ndim >= 3:
        return 1
    weights = any(parameter.ndim == 2 for parameter in module.parameters(recurse=False))
    return 1 if weights and given.ndim == 2 and output.ndim == 2 else None


def _averaged(value: Tensor, axis: int) -> Tensor:
    """Copy a layer's tensor (a later in-place layer may overwrite it), averaged over positions."""
    if value.ndim == 2:
        return value.detach().clone()
    return value.detach().movedim(axis, 1).flatten(2).mean(dim=2)


def _gave(call: Call, logits: Tensor) -> bool:
    return any(score.shape == logits.shape for score in call.scores)


def _mismatch(call: Call, logits: Tensor, *, in_proportion: bool) -> float:
    """Return how far a layer's scores are from the logits; up to 1 they are the same."""
    return min(_distance(score, logits, call.scale, in_proportion) for score in call.scores)


def _distance(scores: Tensor, logits: Tensor, scale: Tensor, in_proportion: bool = False) -> float:
    """Return the largest difference, in units of what the order of summation and rounding make."""
    ours, theirs, factor = scores.double(), logits.double(), torch.ones(())
    if in_proportion:
        finite = ours.isfinite() & theirs.isfinite()
        factor = (ours * theirs)[finite].sum() / ours[finite].square().sum()
        if not factor > 0:
            return float("inf")
    ours = ours * factor
    same = (ours == theirs) | (ours.isnan() & theirs.isnan())
    difference = (ours - theirs).abs().masked_fill(same, 0).max()
    coarsest = max(torch.finfo(scores.dtype).eps, torch.finfo(logits.dtype).eps)
    unit = (2 * coarsest + 32 * torch.finfo(torch.float32).eps) * factor * scale.double()
    return float(difference / unit.clamp_min(torch.finfo(torch.float64).tiny))


def _squashed(calls: Sequence[Call], output: Tensor) -> Iterator[tuple[str, bool]]:
    """Yield what the output is instead of a layer's logits, and whether its softmax is theirs."""
    for call in reversed(calls):
        if not _gave(call, output):
            continue
        for name, (function, harmless) in _BEHIND.items():
            if _distance(function(call.scores[0]), output.detach(), torch.ones(())) <= 1:
                yield f"the {name} of what {call.name!r} gives", harmless


def _shape(value: Any) -> tuple[int, ...] | None:
    return tuple(value.shape) if isinstance(value, Tensor) else None

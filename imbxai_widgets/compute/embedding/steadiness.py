"""Whether a network gives an image the same logits again, whichever images run beside it.

Embeddings, predictions and colors mean something only if so. Dropout that stays on in evaluation
mode, and normalization by the batch, give others each time, without any error.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final, NamedTuple

import torch
from torch import Tensor, nn

from imbxai_widgets.compute.embedding.compiler import uncompiled
from imbxai_widgets.compute.embedding.layers import as_input, unhook
from imbxai_widgets.compute.embedding.model_state import unwrapped
from imbxai_widgets.compute.embedding.outputs import logits_candidates
from imbxai_widgets.compute.reading.generators import generators_kept
from imbxai_widgets.compute.reading.undo import undoing

_TRIED: Final = 8  # images that run three times; a layer that drops a tenth changes them all
# How far the logits of an image may be off, relative to the largest, where only the order of sums
# differs: in two runs alike (GPUs add in any order), and in batches of other sizes (with other
# algorithms, in TF32 too). In units of the precision where that is coarser.
_AGAIN: Final = 1e-3, 2.0
_BESIDE: Final = 1e-2, 16.0


class LayerRun(NamedTuple):
    """One run of one layer, with copies of the tensors that entered and left it."""

    name: str
    module: nn.Module
    given: list[Tensor]
    output: list[Tensor]


class Steadiness:
    """Checks a network on the first batch that it runs.

    Parameters
    ----------
    model
        The network, in evaluation mode on its device.

    Examples
    --------
    >>> class Noisy(nn.Linear):
    ...     def forward(self, images):
    ...         return super().forward(nn.functional.dropout(images))
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     Steadiness(nn.Sequential(Noisy(4, 2))).check(torch.ones(8, 4))
    >>> "layer '0' (Noisy)" in str(caught[0].message)
    True
    """

    def __init__(self, model: nn.Module) -> None:
        self._model = unwrapped(model)
        self._checked = False

    def check(self, images: Tensor) -> None:
        """Run some images of the first batch twice, and beside others; later batches are not run.

        Parameters
        ----------
        images
            (B, C', H, W) on the model's device. Of a single image nothing can be told.

        Warns
        -----
        UserWarning
            If the logits differ. The layer is named from which on they do.
        """
        if self._checked or len(images) < 2:
            return
        self._checked = True
        found = None
        with suppress(Exception), warnings.catch_warnings():  # the pass itself tells of errors
            warnings.simplefilter("ignore")
            with torch.no_grad(), generators_kept(images.device):
                found = _unsteady(self._model, images[:_TRIED].detach())
        if found is not None:
            warnings.warn(found, stacklevel=2)


def _unsteady(model: nn.Module, images: Tensor) -> str | None:
    """Say what is unsteady, if anything is."""
    run = partial(_logits, model)
    logits = run(images)
    share = _difference([logits], [run(images)], _AGAIN)
    if share > 0:
        where = _culprit(_recorded(model, images), _recorded(model, images), _AGAIN)
        return (
            f"the model gives the same images other logits when they run again (by {share:.0%} of "
            f"the largest), in evaluation mode too. {_named(where)} is random: embeddings, "
            "predictions and colors are those of one draw. Have it stop there, for instance by "
            "nn.Dropout made in __init__, or F.dropout(x, p, training=self.training)"
        )
    for rows in _halves(len(images)):
        share = _difference([logits[rows]], [run(images[rows])], _BESIDE)
        if share > 0:
            calls = _recorded(model, images, rows), _recorded(model, images[rows])
            return (
                f"the model's logits of an image depend on the images beside it (by {share:.0%} "
                f"of the largest). {_named(_culprit(*calls, _BESIDE))} mixes the images of a "
                "batch, as batch normalization without running statistics does: all results "
                "depend on batch_size and on the order of the images, and an image's colors on "
                "other images"
            )
    return None


def _halves(size: int) -> list[list[int]]:
    """Return two parts of a batch, as rows; a single one beside itself."""
    half = size // 2
    return [rows * 2 if len(rows) == 1 else rows for rows in ([*range(half)], [*range(half, size)])]


def _logits(model: nn.Module, images: Tensor) -> Tensor:
    with uncompiled():
        output = model(as_input(images, model))
    return torch.cat(list(logits_candidates(output, len(images)).values()), dim=1)


def _difference(
    ones: Sequence[Tensor], others: Sequence[Tensor], tolerance: tuple[float, float]
) -> float:
    """Return by how much tensors differ, relative to the largest value; 0 within the tolerance."""
    largest = 0.0
    for one, other in zip(ones, others, strict=True):
        if one.shape != other.shape or not one.is_floating_point() or not one.numel():
            continue
        eps = torch.finfo(one.dtype).eps
        one, other = one.double().nan_to_num(), other.double().nan_to_num()
        share = float((one - other).abs().max() / one.abs().max().clamp_min(1e-30))
        if share > max(tolerance[0], tolerance[1] * eps):
            largest = max(largest, share)
    return largest


def _recorded(
    model: nn.Module, images: Tensor, rows: Sequence[int] | None = None
) -> list[LayerRun]:
    """Run images, and record all layers, in the order in which they end; some rows, if told."""
    calls: list[LayerRun] = []

    def note(
        name: str, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any
    ) -> None:
        given = _tensors((args, kwargs), len(images), rows)
        calls.append(LayerRun(name, module, given, _tensors(output, len(images), rows)))

    with undoing() as changes:
        for name, module in model.named_modules():
            hook = _hook(partial(note, name))
            changes.add(partial(unhook, module, hook))
            module.register_forward_hook(hook, with_kwargs=True)
        _logits(model, images)
    return calls


def _hook(note: Callable[..., None]) -> Callable[..., None]:
    return lambda *arguments: note(*arguments)  # no output is replaced


def _tensors(value: Any, size: int, rows: Sequence[int] | None) -> list[Tensor]:
    """Copy the tensors of one row per image in a nest of tuples, lists and dicts."""
    if isinstance(value, Tensor):
        if value.ndim == 0 or len(value) != size:
            return []
        return [value.detach().clone() if rows is None else value.detach()[list(rows)]]
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, tuple | list):
        return []
    return [tensor for each in value for tensor in _tensors(each, size, rows)]


def _culprit(
    ones: Sequence[LayerRun], others: Sequence[LayerRun], tolerance: tuple[float, float]
) -> LayerRun | None:
    """Find the first layer to end that makes different outputs of the same inputs."""
    for one, other in zip(ones, others, strict=False):
        if one.module is not other.module or len(one.given) != len(other.given):
            return None  # it took another way
        if len(one.output) != len(other.output) or _difference(one.given, other.given, tolerance):
            continue
        if _difference(one.output, other.output, tolerance):
            return one
    return None


def _named(call: LayerRun | None) -> str:
    if call is None:
        return "Something in it, which no layer shows,"
    kind = type(call.module).__name__
    if not call.name:
        return f"The forward of the model itself ({kind})"
    return f"Its layer {call.name!r} ({kind})"

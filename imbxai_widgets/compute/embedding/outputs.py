"""The logits in what a model returns: a tensor, or an entry of a tuple, dict or output object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

# By which name logits go, the most telling first: Hugging Face, torchvision, hand-written.
_NAMES = ("logits", "out", "output")


def logits_candidates(
    output: Any, n_images: int, n_classes: int | None = None
) -> dict[str, Tensor]:
    """Find what may be the logits in the output of a model.

    An entry called "logits" is taken alone. Else every matrix of one row per image may be them;
    of several, those with as many columns as there are names. Of these an entry called "out" or
    "output" is taken alone; otherwise only the network's head can tell which.

    Parameters
    ----------
    output
        A tensor; a tuple, named tuple, list or mapping with tensors; or an object with tensors as
        attributes, such as a dataclass or the ``ModelOutput`` of Hugging Face.
    n_images
        B, the size of the batch.
    n_classes
        How many classes are named; None if that is not known.

    Returns
    -------
    dict
        (B, C) tensors by their key, field or position, in the order in which the model returns
        them; at least one. The key of a bare tensor is "".

    Raises
    ------
    ValueError
        If nothing in the output is a matrix of B rows, or several are, and none has a column for
        each name.

    Examples
    --------
    >>> import torch
    >>> list(logits_candidates((torch.zeros(2, 3), torch.zeros(2, 8, 4, 4)), 2))
    ['0']
    >>> list(logits_candidates({"features": torch.zeros(2, 8), "logits": torch.zeros(2, 3)}, 2))
    ['logits']
    >>> list(logits_candidates((torch.zeros(2, 8), torch.zeros(2, 3)), 2, n_classes=3))
    ['1']
    """
    entries = _entries(output)
    matrices = {
        name: value
        for name, value in entries.items()
        if isinstance(value, Tensor) and value.ndim == 2 and len(value) == n_images
    }
    if not matrices:
        raise ValueError(
            f"the model must return (B, C) logits, but gave {_described(output, entries)} for "
            f"{n_images} images; wrap it in a module that does"
        )
    fitting = {name: value for name, value in matrices.items() if value.shape[1] == n_classes}
    for name in _NAMES:
        if name in (matrices if name == _NAMES[0] or not fitting else fitting):
            return {name: matrices[name]}
    if n_classes is not None and not fitting and len(matrices) > 1:
        raise ValueError(
            f"the model returns {_described(output, entries)}, of which none has a column for each "
            f"of the {n_classes} class names; wrap it in a module that returns the logits alone"
        )
    return fitting or matrices


def _entries(output: Any) -> dict[str, Any]:
    if isinstance(output, Tensor):
        return {"": output}
    if isinstance(output, Mapping):
        return {str(key): value for key, value in output.items()}
    if isinstance(output, tuple | list):
        fields = getattr(output, "_fields", range(len(output)))
        return dict(zip(map(str, fields), output, strict=True))
    named = {name: getattr(output, name) for name in _NAMES if hasattr(output, name)}
    return named | dict(getattr(output, "__dict__", {}))


def _described(output: Any, entries: Mapping[str, Any]) -> str:
    if isinstance(output, Tensor):
        return str(tuple(output.shape))
    listed = ", ".join(f"{name}: {_shape(value)}" for name, value in entries.items())
    return f"a {type(output).__name__}" + (f" ({listed})" if listed else "")


def _shape(value: Any) -> str:
    return str(tuple(value.shape)) if isinstance(value, Tensor) else type(value).__name__

"""Reads a dataset's transforms: how images were normalized, and what is random in them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from torch import nn

from imbxai_widgets.compute.reading.hugging_face import set_transform_of
from imbxai_widgets.compute.reading.nesting import nested, route
from imbxai_widgets.compute.reading.normalization import Normalization, does_normalize

# Steps that draw random numbers although "Random" is not part of their names.
_RANDOM = frozenset(
    {
        "AugMix",
        "AutoAugment",
        "ColorJitter",
        "ElasticTransform",
        "RandAugment",
        "TrivialAugmentWide",
    }
)
# Steps that are the same at every call; of others, a look at what they do decides.
_FIXED = frozenset(
    {
        "CenterCrop",
        "ConvertImageDtype",
        "Grayscale",
        "ImageClassification",
        "Normalize",
        "PILToTensor",
        "Pad",
        "RGB",
        "Resize",
        "ToDtype",
        "ToImage",
        "ToTensor",
    }
)
# torchvision's ready-made `weights.transforms()` end with a normalization.
_PRESETS = frozenset({"ImageClassification"})
# Containers that run some of their steps only.
_CHOOSING = frozenset({"OneOf", "OneOrOther", "SomeOf"})


class DisplayError(ValueError):
    """The colors of an image as people see it cannot be recovered."""

    @classmethod
    def because(cls, problem: str) -> DisplayError:
        """Say what is wrong, and how `display_transform` mends it."""
        return cls(
            f"cannot recover the colors that people see: {problem}. Pass display_transform, "
            "a function from the dataset's (C, H, W) image tensor to the image as seen (uint8 "
            "H x W x 3 array, PIL image, or C x H x W tensor of uint8 or of floats in [0, 1]), "
            "for example: display_transform=lambda image: "
            "(image * std[:, None, None] + mean[:, None, None]).clamp(0, 1)"
        )


@dataclass(frozen=True)
class _Step:
    transform: Any
    certain: bool  # False inside RandomApply and its like: it may run or not

    @property
    def name(self) -> str:
        return type(self.transform).__name__


def normalization_of(transforms: Any) -> Normalization | None:
    """Find the one normalization among transforms.

    Walks `Compose` (torchvision v1 and v2), `nn.Sequential` and plain lists for a step named like
    ``Normalize`` that has `mean` and `std`. Some have modes in which they ignore these, or do the
    reverse; so a step that is not torchvision's is run on a small picture, and believed if it
    gives ``(x - mean) / std``.

    Parameters
    ----------
    transforms
        A transform, or a list of them, as `transforms_of` finds those of an image.

    Returns
    -------
    Normalization or None
        None when no step normalizes.

    Raises
    ------
    DisplayError
        If there is more than one candidate, or it cannot be read for certain.
    """
    steps = [step for step in _steps(transforms) if _may_normalize(step.transform)]
    if not steps:
        return None
    names = ", ".join(step.name for step in steps)
    if len(steps) > 1:
        raise DisplayError.because(f"the dataset's transform normalizes more than once ({names})")
    step = steps[0]
    if not _is_normalize(step.transform):
        raise DisplayError.because(f"the step {names} may normalize, but it cannot be told how")
    if not step.certain:
        raise DisplayError.because(f"the step {names} is applied to some images only")
    mean = np.atleast_1d(np.asarray(step.transform.mean, dtype=np.float32))
    std = np.atleast_1d(np.asarray(step.transform.std, dtype=np.float32))
    if mean.ndim != 1 or std.ndim != 1 or not (std > 0).all():
        raise DisplayError.because(f"{names} must have one mean and one positive std per channel")
    found = Normalization(mean, std)
    if not _is_of_torchvision(step.transform) and not does_normalize(step.transform, found):
        mode = getattr(step.transform, "normalization", None)
        told = f"with normalization={mode!r}, " if isinstance(mode, str) else ""
        raise DisplayError.because(
            f"{told}the step {names} does not give (x - mean) / std of a picture in [0, 1]"
        )
    return found


def transforms_of(dataset: Any, index: int) -> list[Any]:
    """List the transforms that an image goes through, in their order.

    Looks at `transform`, else `transforms`, and at the function given to a Hugging Face dataset,
    of the dataset that the image comes from and of those around it.

    Examples
    --------
    >>> transforms_of([], 0)
    []
    """
    found = [_transform_of(member) for member, _ in reversed(route(dataset, index))]
    return [transform for transform in found if transform is not None]


def random_steps(dataset: Any) -> tuple[str, ...]:
    """Name the transforms of a dataset that give another image at every call.

    Parameters
    ----------
    dataset
        Any dataset; `Subset` and `ConcatDataset` are looked through.

    Returns
    -------
    tuple of str
        Class names, each once, in order; empty for transforms fit for evaluation.
    """
    names = [
        step.name
        for member in nested(dataset)
        for step in _steps(_transform_of(member), with_containers=True)
        if _is_random(step)
    ]
    return tuple(dict.fromkeys(names))


def possibly_random_steps(dataset: Any, index: int) -> tuple[str, ...]:
    """Name the transforms of an image that are not known to be the same at every call.

    Examples
    --------
    >>> possibly_random_steps([], 0)
    ()
    """
    steps = _steps(transforms_of(dataset, index))
    return tuple(dict.fromkeys(step.name for step in steps if step.name not in _FIXED))


def _probability(transform: Any) -> float:
    """How often a step runs, where it tells so as albumentations' steps do."""
    probability = getattr(transform, "p", None)
    return probability if isinstance(probability, int | float) else 1


def _is_random(step: _Step) -> bool:
    return (
        0 < _probability(step.transform) < 1
        or step.name.startswith("Random")
        or step.name in _RANDOM
    )


def _transform_of(dataset: Any) -> Any:
    for name in ("transform", "transforms"):
        transform = getattr(dataset, name, None)
        if transform is not None:
            return transform
    return set_transform_of(dataset)


def _steps(transform: Any, certain: bool = True, with_containers: bool = False) -> Iterator[_Step]:
    if transform is None:
        return
    inner = _inner(transform)
    certain = certain and _probability(transform) == 1
    if inner is None or with_containers:
        yield _Step(transform, certain)
    name = type(transform).__name__
    certain = certain and not (name.startswith("Random") or name in _CHOOSING)
    for step in inner or []:
        yield from _steps(step, certain, with_containers)


def _inner(transform: Any) -> list[Any] | None:
    """Return the steps of a container, or None for a single step."""
    if isinstance(transform, list | tuple | nn.Sequential | nn.ModuleList):
        return list(transform)
    if isinstance(getattr(transform, "transforms", None), list | tuple | nn.ModuleList):
        return list(transform.transforms)
    if type(transform).__name__ == "StandardTransform":  # torchvision's (image, target) pair
        return [transform.transform]
    return None


def _is_of_torchvision(step: Any) -> bool:
    return type(step).__module__.partition(".")[0] == "torchvision"


def _is_normalize(step: Any) -> bool:
    name = type(step).__name__
    named = "normalize" in name.lower() or name in _PRESETS
    return named and hasattr(step, "mean") and hasattr(step, "std")


def _may_normalize(step: Any) -> bool:
    if _is_normalize(step) or (hasattr(step, "mean") and hasattr(step, "std")):
        return True
    return _calls_normalize(getattr(step, "lambd", step))


def _calls_normalize(step: Any) -> bool:
    """Whether a plain function, as in `Lambda`, is, names or holds a normalization."""
    function = step.func if isinstance(step, partial) else step
    if not (inspect.isfunction(function) or inspect.ismethod(function)):
        return "normalize" in type(function).__name__.lower()
    seen = inspect.getclosurevars(function)
    names = {function.__name__, *seen.globals, *seen.nonlocals, *seen.unbound}
    held = [*seen.globals.values(), *seen.nonlocals.values()]
    return any("normalize" in name.lower() for name in names) or any(map(_holds_normalize, held))


def _holds_normalize(value: Any) -> bool:
    if isinstance(value, list | tuple):  # of anything, and maybe of millions
        return False
    if getattr(value, "do_normalize", False) is True:  # an image processor of transformers
        return True
    return any(_is_normalize(step.transform) for step in _steps(value))

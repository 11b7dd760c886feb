"""The code text of a recipe."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from imbxai_widgets.analysis.recipe import Recipe
from imbxai_widgets.compute.numeric.types import IntArray

_LISTED = 6  # numbers a line

_MEANS = """\
# for new images: a head of class means, with all that comes behind it
network = what_if.module(model)


def predict(images):
    return network(images).argmax(dim=1)
"""


def script(
    recipe: Recipe,
    data: str,
    shifts: Tensor | None,
    *,
    head_alone: bool,
    lengths: float | None,
    means: bool,
) -> str:
    """Return code that makes the objects of a recipe.

    Parameters
    ----------
    recipe
        Without its code.
    data
        Code that makes the training images, from `images`.
    shifts
        What the loss adds to logits.
    head_alone
        Whether only the head is to be trained.
    lengths
        The power of `TauNormalization`; None without it.
    means
        Whether the head is made of class means.
    """
    parts = ["import torch" if recipe.sampler is None else "import numpy as np\nimport torch"]
    if data:
        parts.append(data)
    if recipe.sampler is not None:
        parts.append(_sampler(head_alone))
    if recipe.loss is not None:
        parts.append(_loss(recipe.class_weights, shifts))
    if means:
        parts.append(_MEANS)
        return "\n\n".join(parts) + "\n"
    if lengths is not None:
        parts.append(
            "# after training\n"
            "with torch.no_grad():\n"
            "    lengths = head.weight.norm(dim=1)\n"
            f"    factors = (lengths / lengths.log().mean().exp()) ** -{lengths!r}\n"
            "    head.weight *= factors[:, None]\n"
            "    if head.bias is not None:\n"
            "        head.bias *= factors"
        )
    if recipe.temperature != 1 or recipe.bias is not None:
        parts.append(_after(recipe.temperature, recipe.bias, instead=shifts is not None))
    return "\n\n".join(parts) + "\n"


def images(edited: IntArray | None, suspects: IntArray) -> str:
    """Return code that makes the training images.

    Parameters
    ----------
    edited
        Numbers of the images that edits leave out; None without edits.
    suspects
        Numbers of those that are left out as suspect.
    """
    parts = []
    if edited is not None:
        parts.append("train_set = edits.view(train_set)  # labels changed, images left out")
        suspects = np.setdiff1d(suspects, edited)
        suspects = suspects - np.searchsorted(edited, suspects)  # their numbers in the view
    if len(suspects):
        parts.append(
            f"suspects = {_list(suspects.tolist(), '{}')}\n"
            "kept = [row for row in range(len(train_set)) if row not in suspects]\n"
            "train_set = torch.utils.data.Subset(train_set, kept)"
        )
    return "\n\n".join(parts)


def _sampler(head_alone: bool) -> str:
    lines = [
        "# one weight of each image that is left: how often it is drawn",
        "weights = np.delete(recipe.sample_weights, recipe.left_out).tolist()",
        "sampler = torch.utils.data.WeightedRandomSampler(weights, num_samples=len(weights))",
        "loader = torch.utils.data.DataLoader(train_set, sampler=sampler, batch_size=128)",
    ]
    if head_alone:
        lines += [
            "# the network is trained as before; then its head alone, with this loader",
            "model.requires_grad_(False)",
            "head.requires_grad_(True)",
        ]
    return "\n".join(lines)


def _loss(class_weights: Tensor | None, shifts: Tensor | None) -> str:
    lines, weight = [], "None"
    if class_weights is not None:
        lines.append(f"class_weights = torch.tensor({_numbers(class_weights)})")
        weight = "class_weights"
    if shifts is None:
        lines.append(f"loss = torch.nn.CrossEntropyLoss(weight={weight})")
    else:
        lines += [
            f"shifts = torch.tensor({_numbers(shifts)})",
            "",
            "",
            "def loss(logits, labels):",
            "    logits = logits + shifts  # in training alone",
            f"    return torch.nn.functional.cross_entropy(logits, labels, weight={weight})",
            "",
        ]
    return "\n".join(lines)


def _after(temperature: float, bias: Tensor | None, *, instead: bool) -> str:
    lines = ["# for new images"]
    if instead:
        lines[0] += ", of a network that was trained without this loss"
    added = ""
    if bias is not None:
        lines.append(f"bias = torch.tensor({_numbers(bias)})")
        added = " + bias"
    divided = "" if temperature == 1 else f" / {temperature!r}"
    lines += [
        "",
        "",
        "def predict(images):",
        f"    return (model(images){divided}{added}).argmax(dim=1)",
        "",
    ]
    return "\n".join(lines)


def _numbers(values: Tensor) -> str:
    return _list([float(f"{value:.9g}") for value in values.tolist()], "[]")


def _list(values: list[float] | list[int], brackets: str) -> str:
    """Return a list as code, of many entries with some a line."""
    texts = [repr(value) for value in values]
    if len(texts) <= _LISTED:
        return f"{brackets[0]}{', '.join(texts)}{brackets[1]}"
    rows = [", ".join(texts[i : i + _LISTED]) for i in range(0, len(texts), _LISTED)]
    listed = "".join(f"    {row},\n" for row in rows)
    return f"{brackets[0]}\n{listed}{brackets[1]}"

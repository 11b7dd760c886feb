"""Runs a batch of one image, which some networks cannot."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from imbxai_widgets.compute.embedding.layers import LayerError
from imbxai_widgets.compute.embedding.model_state import unwrapped


def run_even_one(
    model: nn.Module, run: Callable[[Tensor], tuple[Tensor, Tensor]], images: Tensor
) -> tuple[Tensor, Tensor]:
    """Run a batch; a single image beside itself, if the network cannot run it alone.

    A network that drops all axes of length 1, for instance, gives (C,) logits for one image.

    Parameters
    ----------
    model
        The network.
    run
        From images to logits (B, C) and embeddings (B, D).
    images
        (B, C', H, W).

    Returns
    -------
    logits : Tensor
        (B, C).
    embeddings : Tensor
        (B, D).

    Raises
    ------
    ValueError
        If the network normalizes by the batch, and cannot run one image.

    Examples
    --------
    >>> def run(images):
    ...     features = images.mean((2, 3)).squeeze()
    ...     if features.ndim != 2:
    ...         raise ValueError("no (B, C) logits")
    ...     return features, features
    >>> run_even_one(nn.Identity(), run, torch.ones(1, 3, 4, 4))[0].shape
    torch.Size([1, 3])
    """
    if len(images) > 1:
        return run(images)
    try:
        return run(images)
    except (torch.cuda.OutOfMemoryError, LayerError):
        raise  # two images take more memory, and would hide which layer is at fault
    except (RuntimeError, ValueError, IndexError) as error:
        _refuse_normalization_by_the_batch(model, error)
        try:
            logits, embeddings = run(torch.cat([images, images]))
        except (RuntimeError, ValueError, IndexError):
            raise error from None
    return logits[:1], embeddings[:1]


def _refuse_normalization_by_the_batch(model: nn.Module, error: Exception) -> None:
    for name, module in unwrapped(model).named_modules():
        if _normalizes_by_the_batch(module):
            raise ValueError(
                f"the model cannot run a batch of one image ({error}), since its layer "
                f"{name!r} ({type(module).__name__}) has no running statistics and normalizes "
                "by the batch: choose a batch_size that leaves no single image, and see that "
                "other results depend on the batch too"
            ) from error


def _normalizes_by_the_batch(module: nn.Module) -> bool:
    return isinstance(module, nn.modules.batchnorm._NormBase) and (
        not isinstance(module, nn.modules.instancenorm._InstanceNorm)
        and module.running_mean is None
    )

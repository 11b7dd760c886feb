"""Lends a user's network out, and gives it back as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from imbxai_widgets.compute.embedding.turns import take_turn
from imbxai_widgets.compute.reading.undo import Changes, undoing


def choose_device(model: nn.Module, device: torch.device | str | None = None) -> torch.device:
    """Choose where a model runs: as told, else where it is, else on CUDA where there is one.

    A model that already sits on an accelerator stays there, since its owner put it there; a model
    on the CPU goes to the default CUDA device when there is one, because a pass over the images
    is then tens of times faster, and comes back afterwards.

    Examples
    --------
    >>> choose_device(nn.Linear(1, 1), "cpu")
    device(type='cpu')
    """
    if device is not None:
        return torch.device(device)
    own = next(chain(model.parameters(), model.buffers()), torch.empty(0)).device
    if own.type == "cpu" and torch.cuda.is_available():
        return torch.device("cuda", torch.cuda.current_device())
    return own


def unwrapped(model: nn.Module) -> nn.Module:
    """Return the network inside wrappers that spread it over devices or compile it.

    `torch.nn.DataParallel`, `DistributedDataParallel` and what `torch.compile` returns; the model
    itself where it is none of them.

    Examples
    --------
    >>> network = nn.Linear(2, 2)
    >>> unwrapped(nn.DataParallel(network)) is network
    True
    """
    while True:
        if isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel):
            model = model.module
        elif isinstance(inner := model._modules.get("_orig_mod"), nn.Module):
            model = inner
        else:
            return model


@contextmanager
def lent_out(model: nn.Module, device: torch.device) -> Iterator[Changes]:
    """Have a model in evaluation mode, without parameter gradients, on a device, for a while.

    Whatever happens inside, at whichever line an interrupt comes, the model is afterwards as it
    was: training mode of every submodule, values, identity, device, `requires_grad` and `.grad` of
    every parameter, and every buffer. Other threads that lend out a model with any of the same
    submodules wait.

    Modes are set module by module, since `model.eval()` may be overridden to do more, and
    `model.train()` would undo submodules that are kept in evaluation mode on purpose.

    Yields
    ------
    Changes
        The list of what is undone in the end, for more changes.

    Raises
    ------
    ValueError
        If a part of the model is scripted or traced: it could neither be watched nor given back.
        If a part has no values yet: a lazy layer that never ran, or one on the meta device.
    """
    _refuse_what_cannot_be_lent(model)
    modules = list(model.modules())
    with undoing() as changes:
        take_turn(changes, modules)
        for module in modules:
            changes.add(partial(module._parameters.update, dict(module._parameters)))
            # One that is None may be made by the first forward, and kept for all later ones.
            buffers = {name: own for name, own in module._buffers.items() if own is not None}
            changes.add(partial(module._buffers.update, buffers))
        for buffer in model.buffers():
            changes.add(partial(_restore, buffer, buffer.detach().clone()))
            changes.add(partial(setattr, buffer, "data", buffer.data))
        for module in modules:
            changes.set(module, "training", False)
        for parameter in model.parameters():
            changes.set(parameter, "grad", None)
            changes.add(partial(_require_gradient, parameter, parameter.requires_grad))
            changes.add(partial(setattr, parameter, "data", parameter.data))
            parameter.requires_grad_(False)
        model.to(device)
        yield changes


def _refuse_what_cannot_be_lent(model: nn.Module) -> None:
    for name, module in model.named_modules():
        part = f"layer {name!r} of the model" if name else "the model"
        if isinstance(module, torch.jit.ScriptModule):
            raise ValueError(
                f"{part} is scripted or traced, so that its layers cannot be read; pass the "
                "original model"
            )
        for tensor in chain(module.parameters(recurse=False), module.buffers(recurse=False)):
            if is_lazy(tensor):
                raise ValueError(
                    f"{part} ({type(module).__name__}) has no weights yet; run the model on a "
                    "batch once, or load its weights"
                )
            if tensor.is_meta:
                raise ValueError(
                    f"{part} is on the meta device, without values; load its weights, for "
                    "instance after model.to_empty(device='cpu')"
                )


def _restore(buffer: Tensor, values: Tensor) -> None:
    if not torch.equal(buffer, values):
        with torch.inference_mode(buffer.is_inference()), torch.no_grad():
            buffer.copy_(values)


def _require_gradient(parameter: Tensor, wanted: bool) -> None:
    if parameter.requires_grad != wanted:
        with torch.inference_mode(parameter.is_inference()):
            parameter.requires_grad_(wanted)


def made_in_inference_mode(model: nn.Module) -> str | None:
    """Return the name of a parameter or buffer that was, None if there is none.

    Gradients cannot flow through such a tensor, nor can it be written to outside that mode.

    Examples
    --------
    >>> with torch.inference_mode():
    ...     model = nn.Linear(1, 1)
    >>> made_in_inference_mode(model)
    'weight'
    """
    for name, tensor in chain(model.named_parameters(), model.named_buffers()):
        if not is_lazy(tensor) and tensor.is_inference():
            return name
    return None


def change_check(model: nn.Module) -> Callable[[], None]:
    """Return a function that raises if the model has been changed by others since.

    Only this process's threads, and the model itself, can do so while it is lent out. A
    parameter's version tells of changes in place; training raises it at every step.

    Parameters
    ----------
    model
        The network, in evaluation mode.

    Returns
    -------
    callable
        It raises RuntimeError if a layer is in training mode, or a parameter has been written to,
        requires gradients or is on another device or of another precision.

    Examples
    --------
    >>> model = nn.Linear(1, 1).requires_grad_(False).eval()
    >>> check = change_check(model)
    >>> check()
    >>> _ = model.train()
    >>> check()
    Traceback (most recent call last):
        ...
    RuntimeError: while images ran through the model, it was put in training mode in another \
thread, or by its own forward, so that the results would not be of one model; use it in one \
thread at a time
    """
    modules = list(model.named_modules())
    parameters = [(name, each, _state(each)) for name, each in model.named_parameters()]

    def check() -> None:
        for name, module in modules:
            if module.training:
                part = f"its layer {name!r}" if name else "it"
                raise _changed(f"{part} was put in training mode")
        for name, parameter, state in parameters:
            if _state(parameter) != state:
                raise _changed(f"its parameter {name!r} was changed")

    return check


def _state(parameter: Tensor) -> tuple[object, ...]:
    version = None if parameter.is_inference() else parameter._version
    return version, parameter.requires_grad, parameter.device, parameter.dtype


def _changed(what: str) -> RuntimeError:
    return RuntimeError(
        f"while images ran through the model, {what} in another thread, or by its own forward, so "
        "that the results would not be of one model; use it in one thread at a time"
    )

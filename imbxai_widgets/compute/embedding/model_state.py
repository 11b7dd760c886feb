"""Lends a user's network out, and gives it back as it was."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import chain

import torch
from torch import nn


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


def uncompiled() -> AbstractContextManager[None]:
    """Have compiled parts of networks run as they were written, layer by layer, for a while.

    Compiled code may skip hooks, and hooks would have it compiled anew.
    """
    if "torch._dynamo" not in sys.modules:
        return nullcontext()  # nothing can be compiled, and importing the compiler takes seconds
    stance: AbstractContextManager[None] = torch.compiler.set_stance("force_eager")
    return stance


@contextmanager
def lent_out(model: nn.Module, device: torch.device) -> Iterator[None]:
    """Have a model in evaluation mode, without parameter gradients, on a device, for a while.

    Whatever happens inside, the model is afterwards as it was: training mode of every submodule,
    values, identity, device, `requires_grad` and `.grad` of every parameter, and every buffer.

    Modes are set module by module, since `model.eval()` may be overridden to do more, and
    `model.train()` would undo submodules that are kept in evaluation mode on purpose.

    Raises
    ------
    ValueError
        If a part of the model is scripted or traced: it could neither be watched nor given back.
    """
    for name, module in model.named_modules():
        if isinstance(module, torch.jit.ScriptModule):
            raise ValueError(
                f"{f'layer {name!r} of the model' if name else 'the model'} is scripted or traced, "
                "so that its layers cannot be read; pass the original model"
            )
    modes = [(module, module.training) for module in model.modules()]
    tables = [(module, dict(module._parameters), dict(module._buffers)) for module, _ in modes]
    parameters = [(p, p.data, p.requires_grad, p.grad) for p in model.parameters()]
    buffers = [(buffer, buffer.data, buffer.clone()) for buffer in model.buffers()]
    try:
        for module, _ in modes:
            module.training = False
        for parameter, *_ in parameters:
            parameter.requires_grad_(False)
            parameter.grad = None
        model.to(device)
        yield
    finally:
        for module, own_parameters, own_buffers in tables:
            module._parameters.update(own_parameters)
            module._buffers.update(own_buffers)
        for parameter, data, requires_grad, grad in parameters:
            parameter.data = data
            parameter.requires_grad_(requires_grad)
            parameter.grad = grad
        for buffer, data, copy in buffers:
            buffer.data = data
            if not torch.equal(buffer, copy):
                buffer.copy_(copy)
        for module, training in modes:
            module.training = training

"""Reads embeddings from a fused copy of the network, where that gives the same in less time.

In evaluation mode a batch normalization behind a convolution is a scale and a shift, which the
convolution's own weights can take in. Stored channels last, the convolutions of oneDNN need no
reordering in between, and some convolutions are done in another way (`convolution`). For a
ResNet-32 this saves about a quarter of a forward and backward pass on a CPU, for a ResNet-50 two
fifths (docs/speed.md). The copy takes up to twice the memory of the network, for as long as images
run, so that none is made of large ones.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from itertools import chain
from threading import get_ident
from typing import Any, Final, Protocol

import torch
from torch import Tensor, fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from imbxai_widgets.compute.embedding.compiler import tracing
from imbxai_widgets.compute.embedding.convolution import QuickConvolution, can_be_quicker
from imbxai_widgets.compute.embedding.found_head import FoundHead
from imbxai_widgets.compute.embedding.layers import EmbeddingReader
from imbxai_widgets.compute.embedding.model_state import unwrapped
from imbxai_widgets.compute.reading.undo import Changes, undoing

_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
# How far a copy's results may be off, relative to the largest value. Fusing rounds otherwise, by
# some 1e-6; what the tracing of a network can get wrong is far more.
_TOLERANCE: Final = 1e-4
# How far gradients may be off, relative to their length: rounding decides which of two nearly equal
# values a ReLU or a max-pool lets through, by some 1e-3; what is wrong is off by far more.
_GRADIENT_TOLERANCE: Final = 2e-2
# Images that run through both. What a trace gets wrong shows in few.
_COMPARED: Final = 4
# Bytes of parameters and buffers above which no copy is made. ResNet-152, of the large networks of
# convolutions, has 241 MB; above that most weights are of linear layers (VGG-16, 553 MB) or of
# transformers, which have nothing to fuse, and a copy begins to matter beside what a batch takes.
_LARGEST: Final = 2**28


class Reader(Protocol):
    """What runs a network on a batch, as `EmbeddingReader` does."""

    @property
    def head(self) -> FoundHead | None:
        """That of the network, once a batch has run; None where it is not linear."""

    def run(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (B, C) and embedding (B, D)."""


@contextmanager
def quick_reader(
    model: nn.Module,
    layer: nn.Module | str | None = None,
    *,
    device: torch.device,
    n_classes: int | None = None,
) -> Iterator[Reader]:
    """Read the embedding of every batch that runs through a model, from a fused copy if it can be.

    The first images run through both; the copy serves only if logits and embeddings agree. Only
    on the CPU, where the gain was measured, and of networks of at most 256 MiB, since a copy
    takes memory, too; else it is an `EmbeddingReader`.

    Parameters
    ----------
    model
        The network, in evaluation mode on `device`.
    layer, n_classes
        As for `EmbeddingReader`.
    device
        Where `model` is.

    Raises
    ------
    LayerError
        As `EmbeddingReader` does.

    Examples
    --------
    >>> layers = [nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 2)]
    >>> model = nn.Sequential(*layers).eval()
    >>> with quick_reader(model, device=torch.device("cpu")) as reader:
    ...     logits, embedding = reader.run(torch.rand(5, 3, 4, 4))
    >>> embedding.shape
    torch.Size([5, 16])
    """
    with undoing() as changes:
        # Before the reader sets its hooks, or these would be taken for the user's.
        copy = fused_copy(unwrapped(model)) if _may_be_quicker(model, device) else None
        reader = changes.enter(EmbeddingReader(model, layer, n_classes=n_classes))
        yield reader if copy is None else _FirstImagesDecide(reader, copy, changes)


def _may_be_quicker(model: nn.Module, device: torch.device) -> bool:
    own = {parameter.dtype for parameter in model.parameters()}
    size = sum(tensor.nbytes for tensor in chain(model.parameters(), model.buffers()))
    return device.type == "cpu" and own == {torch.float32} and size <= _LARGEST


class _FirstImagesDecide:
    def __init__(self, reader: EmbeddingReader, copy: nn.Module, changes: Changes) -> None:
        self._reader, self._copy, self._changes = reader, copy, changes
        self._chosen: Reader | None = None

    @property
    def head(self) -> FoundHead | None:
        return self._reader.head

    def run(self, images: Tensor) -> tuple[Tensor, Tensor]:
        if self._chosen is not None:
            return self._chosen.run(images)
        expected = _of_few(self._reader, images)
        quick = self._reader.settled(self._copy)
        with suppress(Exception):  # the copy lacks the layer, or fails at what a trace cannot see
            self._changes.enter(quick)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the network itself gave them already
                found = _of_few(quick, images)
            if _agree_in_all(found, expected):
                self._chosen = quick
                return quick.run(images)
        self._chosen = self._reader
        return self._reader.run(images)


def _of_few(reader: Reader, images: Tensor) -> tuple[Tensor, ...]:
    """Return logits and embeddings of some images, and gradients where these are asked for."""
    few = images[:_COMPARED].detach()
    if not (torch.is_grad_enabled() and images.requires_grad):
        with torch.no_grad():
            return reader.run(few)
    logits, embedding = reader.run(few.requires_grad_())
    found = logits.detach(), embedding.detach()
    with suppress(RuntimeError):  # there is none, which the pass refuses in words of its own
        return *found, *torch.autograd.grad(logits.max(dim=1).values.sum(), few)
    return found


def _agree_in_all(found: tuple[Tensor, ...], expected: tuple[Tensor, ...]) -> bool:
    if len(found) != len(expected) or not all(map(_agree, found[:2], expected[:2])):
        return False
    return all(map(_agree_as_gradients, found[2:], expected[2:]))


def _agree_as_gradients(found: Tensor, expected: Tensor) -> bool:
    """Compare image by image; of most images, for one of two equal logits may win in either."""
    lengths = expected.flatten(1).norm(dim=1)
    far = (found - expected).flatten(1).norm(dim=1)
    return bool((far <= _GRADIENT_TOLERANCE * lengths).sum() * 2 > len(expected))


def _agree(found: Tensor, expected: Tensor) -> bool:
    if found.shape != expected.shape:
        return False
    difference = (found.detach() - expected).abs().max()
    return bool(difference <= _TOLERANCE * expected.abs().max())


def fused_copy(model: nn.Module) -> nn.Module | None:
    """Copy a network with its batch normalizations fused into the convolutions before them.

    Parameters
    ----------
    model
        A network in evaluation mode; it is left alone.

    Returns
    -------
    torch.nn.Module or None
        A copy that shares no memory with `model`, whose layers keep their names; None where there
        is nothing to fuse, or it cannot be told for certain what the network does: it branches on
        its input, cannot be copied, or has hooks, which may do anything. It takes up to twice the
        memory of `model`.

    Examples
    --------
    >>> model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()).eval()
    >>> type(fused_copy(model).get_submodule("1")).__name__
    'Identity'
    """
    if _is_hooked(model) or model.training:
        return None
    try:
        copy = deepcopy(model)
        with tracing():
            graph = _Tracer().trace(copy)
        traced = fx.GraphModule(copy, graph)
    except Exception:  # whatever the model's own code raises when it meets a symbol for a tensor
        return None
    if not _fuse(traced):
        return None
    for name, layer in list(traced.named_modules()):
        if can_be_quicker(layer):
            assert isinstance(layer, nn.Conv2d)
            _replace(traced, name, QuickConvolution(layer))
    return traced.to(memory_format=torch.channels_last)  # type: ignore[no-any-return, call-overload]


class _Tracer(fx.Tracer):
    """Looks into those modules alone that have something to fuse; the others are run as they are.

    So fewer networks are refused, and heads of any make remain modules that can be tapped. What
    other threads call or read of their modules meanwhile, which `torch.fx` directs here as well, is
    done as ever.
    """

    def __init__(self) -> None:
        super().__init__()
        self._autowrap_function_ids.clear()  # else it writes to the globals of what is called
        self._thread = get_ident()

    def call_module(
        self,
        m: nn.Module,
        forward: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        if get_ident() != self._thread:
            return forward(*args, **kwargs)
        return super().call_module(m, forward, args, kwargs)

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, Any]) -> Any:
        if get_ident() != self._thread:
            return attr_val
        return super().getattr(attr, attr_val, parameter_proxy_cache)

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        inner = any(isinstance(module, nn.BatchNorm2d) for module in m.modules())
        return not inner or super().is_leaf_module(m, module_qualified_name)


def _is_hooked(model: nn.Module) -> bool:
    return any(getattr(module, name) for module in model.modules() for name in _HOOKS)


def _fuse(traced: fx.GraphModule) -> int:
    """Fuse in place all that can be; return how many batch normalizations are gone."""
    calls = Counter(node.target for node in traced.graph.nodes if node.op == "call_module")
    fused = 0
    for node in traced.graph.nodes:
        if node.op != "call_module" or not isinstance(node.args[0], fx.Node):
            continue
        before = node.args[0]
        if before.op != "call_module" or len(before.users) > 1:
            continue
        if calls[node.target] > 1 or calls[before.target] > 1:  # weights that serve twice
            continue
        convolution = traced.get_submodule(str(before.target))
        normalization = traced.get_submodule(str(node.target))
        if type(convolution) is not nn.Conv2d or type(normalization) is not nn.BatchNorm2d:
            continue
        if normalization.running_mean is None:  # it normalizes by the batch, always
            continue
        _replace(traced, str(before.target), fuse_conv_bn_eval(convolution, normalization))
        _replace(traced, str(node.target), nn.Identity())
        fused += 1
    return fused


def _replace(model: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, own = name.rpartition(".")
    setattr(model.get_submodule(parent), own, module.eval().requires_grad_(False))

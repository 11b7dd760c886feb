"""Where a network's embedding is read: the input of its linear head, or a layer named."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from types import TracebackType
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

_LISTED = 12  # layers that an error lists, the last ones executed


class LayerError(ValueError):
    """The layer whose embedding is wanted cannot be found, or gives no embedding."""


@dataclass(frozen=True, eq=False)
class _Call:
    """One run of one layer on the first batch."""

    name: str
    module: nn.Module
    input_shape: tuple[int, ...] | None
    output_shape: tuple[int, ...] | None
    embedding: Tensor | None  # copies, kept of linear layers on (B, D) alone
    output: Tensor | None

    def __str__(self) -> str:
        return (
            f"{self.name or '(the model itself)'}: {type(self.module).__name__} "
            f"{self.input_shape} -> {self.output_shape}"
        )


class EmbeddingReader:
    """Read the embedding of every batch that runs through a model.

    Without `layer`, the first batch settles which linear layer is the head: the last one
    executed whose output is the model's output, value for value; its input is the embedding.
    Hooks stand while the reader is entered (``with EmbeddingReader(model) as reader``) and never
    longer; they change nothing.

    Parameters
    ----------
    model
        The network; it returns (B, C) logits.
    layer
        None for the input of the head; a submodule or its dotted name for its output; the name
        with "<" before it for its input. Feature maps (B, D, H, W) are averaged over H and W.

    Raises
    ------
    LayerError
        On entry, if `layer` is no part of the model; on `read`, if the layer did not run or
        gave no embedding, or if no head was found (the error lists the layers that ran).

    Examples
    --------
    >>> model = nn.Sequential(nn.Flatten(), nn.ReLU(), nn.Linear(4, 2))
    >>> with EmbeddingReader(model) as reader:
    ...     logits = model(torch.ones(3, 1, 2, 2))
    ...     embedding = reader.read(logits)
    >>> embedding.shape, reader.source
    (torch.Size([3, 4]), '<2')
    """

    def __init__(self, model: nn.Module, layer: nn.Module | str | None = None) -> None:
        self._model = model
        self._layer = layer
        self._source: str | None = None
        self._handles: list[RemovableHandle] = []
        self._calls: list[_Call] = []
        self._latest: Tensor | None = None

    @property
    def source(self) -> str | None:
        """Name of the layer read, as `layer` takes it; None until the head is found."""
        return self._source

    def __enter__(self) -> EmbeddingReader:
        if self._layer is None:
            for name, module in self._model.named_modules():
                self._survey(name, module)
        else:
            self._tap(_name_of(self._model, self._layer))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._release()

    def read(self, logits: Tensor) -> Tensor:
        """Return the embedding of the batch that the model has just run.

        Parameters
        ----------
        logits
            (B, C), what the model returned.

        Returns
        -------
        Tensor
            (B, D), detached, on the model's device.
        """
        if self._source is None:
            head = self._find_head(logits)
            self._release()
            self._latest = head.embedding
            self._tap(f"<{head.name}")
        embedding, self._latest = self._latest, None
        if embedding is None:
            raise LayerError(
                f"layer {self._source!r} did not run in the model's forward; is the model compiled "
                "or scripted? Then pass the original one"
            )
        if embedding.ndim != 2 or len(embedding) != len(logits):
            raise LayerError(
                f"layer {self._source!r} gives shape {tuple(embedding.shape)} for {len(logits)} "
                "images; an embedding must be (B, D), or (B, D, H, W) to be averaged over H and W"
            )
        return embedding

    def _release(self) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._calls.clear()

    def _tap(self, source: str) -> None:
        """Keep what enters ("<name") or leaves ("name") a layer, from now on."""
        module = self._model.get_submodule(source.removeprefix("<"))

        def keep_input(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            self._latest = _pooled(_first(args, kwargs))

        def keep_output(_: nn.Module, __: tuple[Any, ...], output: Any) -> None:
            self._latest = _pooled(output)

        if source.startswith("<"):
            handle = module.register_forward_pre_hook(keep_input, with_kwargs=True)
        else:
            handle = module.register_forward_hook(keep_output)
        self._handles.append(handle)
        self._source = source

    def _survey(self, name: str, module: nn.Module) -> None:
        def note(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
            given = _first(args, kwargs)
            linear = isinstance(module, nn.Linear) and given.ndim == 2
            self._calls.append(
                _Call(
                    name,
                    module,
                    _shape(given),
                    _shape(output),
                    given.detach().clone() if linear else None,
                    output.detach().clone() if linear else None,
                )
            )

        self._handles.append(module.register_forward_hook(note, with_kwargs=True))

    def _find_head(self, logits: Tensor) -> _Call:
        heads = [call for call in self._calls if call.output_shape == tuple(logits.shape)]
        heads = [call for call in heads if call.output is not None]
        for call in reversed(heads):
            if torch.allclose(call.output, logits.detach(), equal_nan=True):  # type: ignore[arg-type]
                return call
        if heads:
            problem = (
                f"the model does not return what its last linear layer {heads[-1].name!r} of "
                f"{logits.shape[1]} outputs gives (is there a softmax behind it?)"
            )
        else:
            problem = f"no nn.Linear with (B, D) input gave the {logits.shape[1]} logits"
        ran = "\n  ".join(map(str, self._calls[-_LISTED:])) or "none (compiled or scripted model?)"
        raise LayerError(
            f"the classifier's head was not found: {problem}. Pass layer: a submodule or its name "
            'for its output, or "<name" for its input. The layers that ran last, with shapes:'
            f"\n  {ran}"
        )


def _name_of(model: nn.Module, layer: nn.Module | str) -> str:
    """Check that the layer is part of the model, and name it as `layer` may be given."""
    names: dict[nn.Module, str] = {module: name for name, module in model.named_modules()}
    if isinstance(layer, nn.Module):
        if layer not in names:
            raise LayerError(f"layer is a {type(layer).__name__} that is no part of the model")
        return names[layer]
    if not isinstance(layer, str):
        raise LayerError(f"layer must be a module, a name or None, not {layer!r}")
    if layer.removeprefix("<") not in names.values():
        near = get_close_matches(layer.removeprefix("<"), names.values(), n=5, cutoff=0.4)
        known = near or [name for name in names.values() if name][-_LISTED:]
        raise LayerError(
            f"the model has no layer {layer.removeprefix('<')!r}; it has {', '.join(known)}"
        )
    return layer


def _first(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return args[0] if args else next(iter(kwargs.values()), None)


def _shape(value: Any) -> tuple[int, ...] | None:
    return tuple(value.shape) if isinstance(value, Tensor) else None


def _pooled(value: Any) -> Tensor:
    """Copy a layer's tensor (a later in-place layer may overwrite it), averaging feature maps."""
    if not isinstance(value, Tensor):
        raise LayerError(f"layer gives a {type(value).__name__}; an embedding must be a tensor")
    return value.detach().mean(dim=(2, 3)) if value.ndim == 4 else value.detach().clone()

"""Runs a network on batches, and reads the embedding: the input of its head, or a layer named."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import partial
from types import TracebackType
from typing import Any

from torch import Tensor, nn

from imbxai_widgets.compute.embedding.compiler import uncompiled
from imbxai_widgets.compute.embedding.found_head import FoundHead, found_head
from imbxai_widgets.compute.embedding.heads import (
    Call,
    explain_missing_head,
    find_head,
    main_output,
    observed,
    squashed_logits,
)
from imbxai_widgets.compute.embedding.model_state import unwrapped
from imbxai_widgets.compute.embedding.outputs import logits_candidates
from imbxai_widgets.compute.numeric.probabilities import Extremes
from imbxai_widgets.compute.reading.undo import Changes

_LISTED = 12  # layers that an error names, the last ones
_UNIT_SUM = 1e-2  # how far the probabilities of an image may be from 1, in bfloat16

_PROBABILITIES = (
    "the model returns probabilities, not the logits, on which confidences and saliency rest; let "
    "it return these"
)


class LayerError(ValueError):
    """The layer whose embedding is wanted cannot be found, or gives no embedding."""


class EmbeddingReader:
    """Run a model batch by batch, and read the embedding of every image on the way.

    Without `layer`, the first batch settles which layer is the head: the one whose output is the
    logits, value for value (see `find_head`); its input is the embedding. Later batches are held
    to it. Of several outputs, heads tell which is the logits, with `layer` too. Hooks stand while
    the reader is entered (``with EmbeddingReader(model) as reader``) and never longer; they change
    nothing.

    Parameters
    ----------
    model
        The network; it returns (B, C) logits, alone or in a tuple, dict or output object
        (see `logits_candidates`). Inside `torch.nn.DataParallel` or `torch.compile`, the
        original network is run, uncompiled and on one device, since hooks need its own layers.
    layer
        None for the input of the head; a submodule or its dotted name for its output; the name
        with "<" before it for its input. Feature maps (B, D, H, W) are averaged over H and W, and
        so are (B, H, W, D), as inside a Swin transformer, known by the sides of the images.
    n_classes
        How many classes are named, by which logits are known among several outputs; None if that
        is not known.

    Raises
    ------
    LayerError
        On entry, if `layer` is no part of the model; on `run`, if the layer did not run or
        gave no embedding, if no head was found (the error lists the layers that ran), or if the
        model returns probabilities.

    Examples
    --------
    >>> import torch
    >>> model = nn.Sequential(nn.Flatten(), nn.ReLU(), nn.Linear(4, 2))
    >>> with EmbeddingReader(model) as reader:
    ...     logits, embedding = reader.run(torch.ones(3, 1, 2, 2))
    >>> embedding.shape, reader.source
    (torch.Size([3, 4]), '<2')
    """

    def __init__(
        self,
        model: nn.Module,
        layer: nn.Module | str | None = None,
        *,
        n_classes: int | None = None,
    ) -> None:
        self._given = model
        self._model = unwrapped(model)
        self._layer = layer
        self._n_classes = n_classes
        self._output: str | None = None  # the key of the logits; None until the first batch
        self._has_head = False
        self._head: FoundHead | None = None
        self._scores = Extremes()  # of all batches, where no head vouches for them
        self._source: str | None = None
        self._hooks = Changes()
        self._calls: list[Call] = []
        self._latest: Tensor | None = None
        self._sides = 1, 1  # H and W of the images that run

    @property
    def source(self) -> str | None:
        """Name of the layer read, as `layer` takes it; None until the head is found."""
        return self._source

    @property
    def head(self) -> FoundHead | None:
        """How logits come of embeddings, by the first batch; None where that is not linear."""
        return self._head

    def __enter__(self) -> EmbeddingReader:
        try:
            if self._layer is not None:
                self._source = _name_of(self._given, self._model, self._layer)
                self._tap(self._source)
            if self._output is None:
                for name, module in self._model.named_modules():
                    self._watch(name, module)
        except BaseException:
            self._release()
            raise
        return self

    def settled(self, copy: nn.Module) -> EmbeddingReader:
        """Return a reader of a copy of the network, for which the first batch has told all."""
        reader = EmbeddingReader(copy, self._source, n_classes=self._n_classes)
        reader._output, reader._has_head = self._output, self._has_head
        reader._head = self._head
        return reader

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._release()

    def run(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Run the model on a batch.

        Parameters
        ----------
        images
            (B, C', H, W) on the model's device. The model gets a copy, in the precision of its
            parameters, which it may overwrite; gradients flow back to `images`.

        Returns
        -------
        logits : Tensor
            (B, C), what the model returned.
        embedding : Tensor
            (B, D), detached, in the model's precision.

        Raises
        ------
        ValueError
            If the model returns no (B, C) tensor.
        LayerError
            See the class.

        Warns
        -----
        UserWarning
            If several of the tensors that the model returns may be the logits.
        """
        self._calls.clear()
        self._latest = None
        self._sides = images.shape[-2], images.shape[-1]
        with uncompiled():
            output = self._model(as_input(images, self._model))
        candidates = logits_candidates(output, len(images), self._n_classes)
        first = self._output is None
        head = self._settle(candidates) if first else None
        logits = candidates.get(str(self._output))
        if logits is None:
            raise LayerError(
                f"the model returned its logits as {self._output!r} in the first batch, but not in "
                "a later one; wrap it in a module that returns them alone"
            )
        if self._layer is not None:
            self._refuse_probabilities(logits)
            embedding = self._tapped(len(logits))
        else:
            embedding = self._entered(head if first else find_head(self._calls, logits))
        if head is not None:
            self._head = found_head(head.module, embedding, logits)
        return logits, embedding

    def _entered(self, head: Call | None) -> Tensor:
        """Return what entered the head."""
        if head is None:
            raise LayerError(
                f"layer {self._source!r}, whose input is the embedding, gave the logits of the "
                "first batch, but not of a later one; pass layer"
            )
        assert head.embedding is not None
        return head.embedding

    def _settle(self, candidates: dict[str, Tensor]) -> Call | None:
        """Decide by the first batch which output is the logits, and which layer their head."""
        heads = {name: find_head(self._calls, logits) for name, logits in candidates.items()}
        found = {name: head for name, head in heads.items() if head is not None}
        self._has_head = bool(found)
        if found:
            self._output = main_output(found, self._calls)
            _warn_if_several({name: candidates[name] for name in found}, self._output)
        else:
            self._output = self._output_without_head(candidates)
        head = found.get(self._output)
        self._release()
        if self._layer is not None:
            assert self._source is not None
            self._tap(self._source)
        elif head is not None:
            self._watch(head.name, head.module)
            self._source = f"<{head.name}"
        return head

    def _output_without_head(self, candidates: dict[str, Tensor]) -> str:
        """Refuse where no layer is given, or all outputs are squashed logits; else take one."""
        squashed = {
            name: what
            for name, logits in candidates.items()
            if (what := squashed_logits(self._calls, logits)) is not None
        }
        if self._layer is None:
            name = next(iter(squashed or candidates))
            raise LayerError(explain_missing_head(self._calls, candidates[name]))
        left = {name: logits for name, logits in candidates.items() if name not in squashed}
        if not left:
            raise LayerError(f"{_PROBABILITIES}: {next(iter(squashed.values()))}")
        taken = next(iter(left))
        _warn_if_several(left, taken)
        return taken

    def _refuse_probabilities(self, logits: Tensor) -> None:
        values = logits.detach().float()
        if (values >= 0).all() and ((values.sum(dim=1) - 1).abs() < _UNIT_SUM).all():
            raise LayerError(f"{_PROBABILITIES}, whatever it takes the softmax of")
        self._scores.add(float(values.min()), float(values.max()), values.numel())
        if self._scores.are_sigmoids and not self._has_head:
            raise LayerError(
                f"{_PROBABILITIES}, whatever it takes the sigmoid of: all lies between 0 and 1, "
                "and no layer gives it"
            )

    def _tapped(self, n_images: int) -> Tensor:
        embedding, self._latest = self._latest, None
        if embedding is None:
            raise LayerError(f"layer {self._source!r} did not run in the model's forward")
        if embedding.ndim != 2 or len(embedding) != n_images:
            raise LayerError(
                f"layer {self._source!r} gives shape {tuple(embedding.shape)} for {n_images} "
                "images; an embedding must be (B, D), or a map (B, D, H, W) or (B, H, W, D) to be "
                "averaged over H and W"
            )
        return embedding

    def _release(self) -> None:
        self._hooks.undo()
        self._calls.clear()

    def _watch(self, name: str, module: nn.Module) -> None:
        """Record every run of a layer, from now on."""

        def note(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
            self._calls.append(observed(name, module, _first(args, kwargs), output))

        self._hooks.add(partial(unhook, module, note))
        module.register_forward_hook(note, with_kwargs=True)

    def _tap(self, source: str) -> None:
        """Keep what enters ("<name") or leaves ("name") a layer, from now on."""
        module = self._model.get_submodule(source.removeprefix("<"))

        def keep_input(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            self._latest = _pooled(_first(args, kwargs), self._sides)

        def keep_output(_: nn.Module, __: tuple[Any, ...], output: Any) -> None:
            self._latest = _pooled(output, self._sides)

        if source.startswith("<"):
            self._hooks.add(partial(unhook, module, keep_input))
            module.register_forward_pre_hook(keep_input, with_kwargs=True)
        else:
            self._hooks.add(partial(unhook, module, keep_output))
            module.register_forward_hook(keep_output)


def unhook(module: nn.Module, hook: Callable[..., Any]) -> None:
    """Take a hook of the forward off a module, if it is there.

    Found by itself and not by the handle that registering it gives, which an interrupt could lose.

    Examples
    --------
    >>> module = nn.Identity()
    >>> _ = module.register_forward_hook(print)
    >>> unhook(module, print)
    >>> len(module._forward_hooks)
    0
    """
    for hooks, extra in (
        (module._forward_hooks, module._forward_hooks_with_kwargs),
        (module._forward_pre_hooks, module._forward_pre_hooks_with_kwargs),
    ):
        for number in [number for number, own in hooks.items() if own is hook]:
            extra.pop(number, None)
            hooks.pop(number, None)


def _name_of(given: nn.Module, model: nn.Module, layer: nn.Module | str) -> str:
    """Check that the layer is part of the model, and name it as `layer` may be given.

    Names with the prefix of a wrapper ("module.fc", "_orig_mod.fc") are those of `given`.
    """
    names: dict[nn.Module, str] = {
        unwrapped(module): name for name, module in model.named_modules()
    }
    if isinstance(layer, nn.Module):
        if unwrapped(layer) not in names:
            raise LayerError(f"layer is a {type(layer).__name__} that is no part of the model")
        return names[unwrapped(layer)]
    if not isinstance(layer, str):
        raise LayerError(f"layer must be a module, a name or None, not {layer!r}")
    mark, name = "<" if layer.startswith("<") else "", layer.removeprefix("<")
    known = dict(model.named_modules(remove_duplicate=False))
    outside = dict(given.named_modules(remove_duplicate=False))
    if name not in known and name in outside:
        name = names[unwrapped(outside[name])]
    if name not in known:
        near = get_close_matches(name, known, n=5, cutoff=0.4)
        listed = near or [name for name in known if name][-_LISTED:]
        raise LayerError(f"the model has no layer {name!r}; it has {', '.join(listed)}")
    return mark + name


def as_input(images: Tensor, model: nn.Module) -> Tensor:
    """Copy images (autograd forbids to overwrite a leaf), in the precision of the first layer.

    Examples
    --------
    >>> import torch
    >>> as_input(torch.zeros(1, 2), nn.Linear(2, 2).double()).dtype
    torch.float64
    """
    kinds = (parameter.dtype for parameter in model.parameters() if parameter.is_floating_point())
    kind = next(kinds, images.dtype) if images.is_floating_point() else images.dtype
    return images.to(kind, copy=True)


def _warn_if_several(candidates: dict[str, Tensor], taken: str) -> None:
    if len(candidates) < 2:
        return
    listed = ", ".join(f"{name}: (B, {value.shape[1]})" for name, value in candidates.items())
    which = (
        "the first"
        if taken == next(iter(candidates))
        else f"{taken}, whose head is among the last,"
    )
    warnings.warn(
        f"the model returns several tensors that may be its logits ({listed}); {which} is taken. "
        "If it is another one, name the classes, or wrap the model in a module that returns this "
        "alone",
        stacklevel=5,
    )


def _first(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return args[0] if args else next(iter(kwargs.values()), None)


def _pooled(value: Any, sides: tuple[int, int]) -> Tensor:
    """Copy a layer's tensor (a later in-place layer may overwrite it), averaging feature maps."""
    if not isinstance(value, Tensor):
        raise LayerError(f"layer gives a {type(value).__name__}; an embedding must be a tensor")
    tensor: Tensor = value.detach()
    if tensor.ndim != 4:
        return tensor.clone()
    channels_last = _is_map(tensor.shape[1:3], sides) and not _is_map(tensor.shape[2:], sides)
    return tensor.mean(dim=(1, 2) if channels_last else (2, 3))


def _is_map(shape: Sequence[int], sides: tuple[int, int]) -> bool:
    """Tell whether two axes are the sides of the images divided by one stride, but for rounding."""
    (height, width), (image_height, image_width) = shape, sides
    return abs(height * image_width - width * image_height) < max(sides)

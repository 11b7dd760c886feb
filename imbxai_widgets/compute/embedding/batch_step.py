"""One batch through a network: what comes out is checked before it is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from imbxai_widgets.compute.embedding.device_colors import DeviceColors
from imbxai_widgets.compute.embedding.embedded import Embedded
from imbxai_widgets.compute.embedding.fused import Reader
from imbxai_widgets.compute.embedding.options import Saliency
from imbxai_widgets.compute.embedding.saliency import (
    count_colors,
    count_pixels,
    input_saliency,
    salient_pixels,
    shared_out,
)
from imbxai_widgets.compute.embedding.single_image import run_even_one
from imbxai_widgets.compute.embedding.steadiness import Steadiness
from imbxai_widgets.compute.numeric.probabilities import TopProbabilities, device_top
from imbxai_widgets.compute.numeric.sending import sent
from imbxai_widgets.compute.numeric.types import BoolArray, IntArray
from imbxai_widgets.compute.reading.batches import Batch


class BatchStep(NamedTuple):
    """What is done with each part of a batch: forward, checks, backward, colors."""

    model: nn.Module
    reader: Reader
    steadiness: Steadiness | None
    check_unchanged: Callable[[], None]
    device: torch.device
    saliency: Saliency | None
    colors: DeviceColors | None  # counts them on the device

    def begin(self, batch: Batch) -> Callable[[], Embedded]:
        """Run a part, and return what waits for what it yields.

        A GPU may still compute then: it is asked for nothing before all its work is given to it,
        so that the host can read the next images meanwhile.
        """
        # Set, since the caller may have set either for code of their own. Not inference mode:
        # what the model keeps of its first forward could then never be used in training.
        with torch.set_grad_enabled(self.saliency is not None):
            images = sent(batch.images, self.device)
            if self.steadiness is not None:
                self.steadiness.check(images)
            if self.saliency is not None:
                check_floats(images)
                images = images.clone().requires_grad_()  # a copy may, whatever made the image
            self.check_unchanged()
            logits, embeddings = run_even_one(self.model, self.reader.run, images)
            self.check_unchanged()
            _check_classes(logits, batch)
            infinite = {"embeddings": _infinite(embeddings), "logits": _infinite(logits)}
            salient: tuple[Tensor, ...] = ()
            if self.saliency is not None:
                values = input_saliency(logits, images)
                infinite["gradients"] = _infinite(values)
                known = None if batch.foreground is None else torch.from_numpy(batch.foreground)
                salient = salient_pixels(values, self.saliency.fraction, known)
                if batch.recovery is not None:
                    assert self.colors is not None
                    salient = self.colors.counted(images, batch.recovery, salient, known)
            top = device_top(logits, batch.labels)
        given = _Returning(self.device, [embeddings.float(), *top, *infinite.values(), *salient])
        n_classes = logits.shape[1]

        def finish() -> Embedded:
            found, *others = given.arrays()
            top, others = TopProbabilities(*others[: len(top_names)]), others[len(top_names) :]
            bad, of_pixels = others[: len(infinite)], others[len(infinite) :]
            if batch.recovery is not None:
                batch.recovery.check(*of_pixels[-1].tolist())
            for name, images in zip(infinite, bad, strict=True):
                _check_finite(batch.positions, name, images)
            counts = every = None
            if self.saliency is not None:
                counts, every = _counts(batch, of_pixels, self.saliency)
            return Embedded(
                found,
                batch.labels,
                top,
                n_classes,
                counts,
                batch.positions,
                head=self.reader.head,
                pixel_counts=every,
            )

        top_names = TopProbabilities._fields
        return finish


def _counts(
    batch: Batch, of_pixels: Sequence[Any], saliency: Saliency
) -> tuple[IntArray, IntArray]:
    """Return the colors of salient and of all pixels: counted here, or on the device and joined."""
    certain, tied, room, *others = of_pixels
    if batch.recovery is None:
        assert batch.rgb is not None
        counts = count_colors(batch.rgb, certain, tied, room, saliency.scheme)
        return counts, count_pixels(batch.rgb, batch.foreground, saliency.scheme)
    counts = certain + shared_out(tied, room) if tied.any() else certain
    return counts[:, :-1], others[0][:, :-1]


class _Returning:
    """Tensors on their way to the host."""

    def __init__(self, device: torch.device, tensors: Sequence[Tensor]) -> None:
        cuda = device.type == "cuda"
        # To pinned memory, while the GPU goes on.
        self._tensors = [tensor.detach().to("cpu", non_blocking=cuda) for tensor in tensors]
        self._there = torch.cuda.current_stream(device).record_event() if cuda else None

    def arrays(self) -> list[Any]:
        """Wait for them, and return them as arrays."""
        if self._there is not None:
            self._there.synchronize()
        return [tensor.numpy() for tensor in self._tensors]


def check_floats(images: Tensor) -> None:
    """Refuse images of integers, through which no gradient flows."""
    if not images.is_floating_point():
        raise ValueError(
            f"saliency needs images of floats, but they are {images.dtype}; convert them "
            "in the dataset's transform, or pass salient_fraction=None to do without"
        )


def _check_classes(logits: Tensor, batch: Batch) -> None:
    n_classes = logits.shape[1]
    if n_classes < 2:
        raise ValueError(
            "the model must return at least 2 logits, one a class, but gives 1; wrap a binary "
            "model in a module that returns torch.cat([-x, x], dim=1) / 2, and pass layer"
        )
    wrong = np.flatnonzero(batch.labels >= n_classes)
    if len(wrong):
        raise ValueError(
            f"image {batch.positions[wrong[0]]} has label {batch.labels[wrong[0]]}, but the model "
            f"has {n_classes} logits, for labels 0 to {n_classes - 1}"
        )


def _infinite(values: Tensor) -> Tensor:
    """Tell of which images values are not finite."""
    return values.detach().flatten(1).isfinite().logical_not().any(dim=1)


def _check_finite(positions: IntArray, name: str, infinite: BoolArray) -> None:
    bad = positions[infinite]
    if len(bad):
        listed = ", ".join(map(str, bad[:10]))
        more = f" and {len(bad) - 10} more of the batch" if len(bad) > 10 else ""
        raise ValueError(
            f"the {name} of images {listed}{more} are not finite; look at these images, and at "
            "the model's weights, for NaN or overflow"
        )

"""One batch through a network: what comes out is checked before it is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from imbxai_widgets.compute.embedding.embedded import Embedded
from imbxai_widgets.compute.embedding.fused import Reader
from imbxai_widgets.compute.embedding.options import Saliency
from imbxai_widgets.compute.embedding.saliency import count_colors, input_saliency, salient_pixels
from imbxai_widgets.compute.embedding.single_image import run_even_one
from imbxai_widgets.compute.embedding.steadiness import Steadiness
from imbxai_widgets.compute.numeric.probabilities import top_probabilities
from imbxai_widgets.compute.numeric.types import IntArray
from imbxai_widgets.compute.reading.batches import Batch


class BatchStep(NamedTuple):
    """What is done with each part of a batch: forward, checks, backward, colors."""

    model: nn.Module
    reader: Reader
    steadiness: Steadiness | None
    check_unchanged: Callable[[], None]
    device: torch.device
    saliency: Saliency | None

    def run(self, batch: Batch) -> Embedded:
        """Run a part, and return what it yields."""
        # Set, since the caller may have set either for code of their own. Not inference mode:
        # what the model keeps of its first forward could then never be used in training.
        with torch.set_grad_enabled(self.saliency is not None):
            images = batch.images.to(self.device)
            if self.steadiness is not None:
                self.steadiness.check(images)
            if self.saliency is not None:
                _check_floats(images)
                images = images.clone().requires_grad_()  # a copy may, whatever made the image
            self.check_unchanged()
            logits, embeddings = run_even_one(self.model, self.reader.run, images)
            self.check_unchanged()
            _check_classes(logits, batch)
            _check_finite(batch.positions, embeddings=embeddings, logits=logits)
            counts = None
            if self.saliency is not None:
                counts = _color_counts(images, logits, batch, self.saliency)
            top = top_probabilities(logits, batch.labels)
        return Embedded(
            embeddings.float().cpu().numpy(),
            batch.labels,
            top,
            logits.shape[1],
            counts,
            batch.positions,
            head=self.reader.head,
        )


def _check_floats(images: Tensor) -> None:
    if not images.is_floating_point():
        raise ValueError(
            f"saliency needs images of floats, but they are {images.dtype}; convert them "
            "in the dataset's transform, or pass salient_fraction=None to do without"
        )


def _color_counts(images: Tensor, logits: Tensor, batch: Batch, saliency: Saliency) -> IntArray:
    assert batch.rgb is not None
    values = input_saliency(logits, images)
    _check_finite(batch.positions, gradients=values)
    candidates = None if batch.foreground is None else torch.from_numpy(batch.foreground)
    salient = salient_pixels(values, saliency.fraction, candidates)
    certain, tied, room = (part.cpu().numpy() for part in salient)
    return count_colors(batch.rgb, certain, tied, room, saliency.scheme)


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


def _check_finite(positions: IntArray, **values: Tensor) -> None:
    for name, tensor in values.items():
        bad = tensor.flatten(1).isfinite().logical_not().any(dim=1).nonzero().flatten()
        if len(bad):
            listed = ", ".join(str(number) for number in positions[bad[:10].cpu().numpy()])
            more = f" and {len(bad) - 10} more of the batch" if len(bad) > 10 else ""
            raise ValueError(
                f"the {name} of images {listed}{more} are not finite; look at these images, and at "
                "the model's weights, for NaN or overflow"
            )

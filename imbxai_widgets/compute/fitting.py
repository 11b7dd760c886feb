"""Runs batches in smaller parts once the GPU's memory does not hold them whole."""

from __future__ import annotations

from collections.abc import Callable

import torch

from imbxai_widgets.compute.batches import Batch
from imbxai_widgets.compute.embedded import Embedded


class Fitting:
    """Runs a step on batches; where CUDA runs out of memory, on halves of them from then on.

    Parameters
    ----------
    step
        What is done with a batch.

    Attributes
    ----------
    largest : int or None
        The most images that are run at once; None as long as all batches fitted whole.
    """

    def __init__(self, step: Callable[[Batch], Embedded]) -> None:
        self._step = step
        self.largest: int | None = None

    def run(self, batch: Batch) -> Embedded:
        """Run the step on all images of a batch.

        Raises
        ------
        torch.cuda.OutOfMemoryError
            If the memory does not hold a single image.
        """
        parts: list[Embedded] = []
        done = 0
        while done < batch.size:
            size = min(self.largest or batch.size, batch.size - done)
            try:
                parts.append(self._step(batch.part(slice(done, done + size))))
            except torch.cuda.OutOfMemoryError as error:
                if size == 1:
                    error.add_note("A single image at a time does not fit; pass device='cpu'.")
                    raise
                self.largest = size // 2
            else:
                done += size
                continue
            torch.cuda.empty_cache()  # only here, where the error keeps nothing alive any more
        return Embedded.joined(parts)

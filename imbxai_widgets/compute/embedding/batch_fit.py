"""Runs batches in parts that suit the processor's cache, or that a GPU's memory holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch

from imbxai_widgets.compute.embedding.embedded import Embedded
from imbxai_widgets.compute.embedding.found_head import FoundHead
from imbxai_widgets.compute.reading.batches import Batch

# Pixels that a thread of a CPU runs at once: 64 images of 32 x 32. More take longer, since what the
# layers compute of them leaves the cache, and is given back to the system between batches. Of large
# images, whose networks make fewer features of a pixel, it runs more: 5 of 224 x 224.
_CPU_PIXELS: Final = 2**16
_FEW_IMAGES: Final = 5
_CPU_PIXELS_OF_FEW: Final = 2**18


class Fitting:
    """Runs a step on batches, in parts.

    On a CPU these have so many pixels as run fastest. Elsewhere a batch is run whole; where CUDA
    runs out of memory, in halves from then on.

    Parameters
    ----------
    step
        What is done with a batch: it begins, and returns what waits for what comes of it.
    device
        Where it is done.

    Attributes
    ----------
    ahead : int
        How many batches may be begun before the one before them is waited for.
    largest : int or None
        The most images that memory holds at once; None as long as it held all.
    head : FoundHead or None
        That of the network, once a batch has run; None where it is not linear.
    """

    def __init__(
        self, step: Callable[[Batch], Callable[[], Embedded]], device: torch.device
    ) -> None:
        self._step = step
        self._device = device
        self.ahead = 1 if device.type == "cuda" else 0
        self.largest: int | None = None
        self.head: FoundHead | None = None

    def run(self, batch: Batch) -> Embedded:
        """Run the step on all images of a batch; raises what `begin` and its end do."""
        return self.begin(batch)()

    def begin(self, batch: Batch) -> Callable[[], Embedded]:
        """Begin the step on all images of a batch, and return what waits for its end.

        Raises
        ------
        torch.cuda.OutOfMemoryError
            If the memory does not hold a single image.
        """
        parts: list[Callable[[], Embedded]] = []
        done = 0
        while done < batch.size:
            size = min(self.largest or self._wanted(batch), batch.size - done)
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

        def finish() -> Embedded:
            found = [part() for part in parts]
            self.head = found[0].head
            return Embedded.joined(found)

        return finish

    def _wanted(self, batch: Batch) -> int:
        if self._device.type != "cpu":
            return batch.size
        threads, size = torch.get_num_threads(), batch.images[0, 0].numel()
        few = min(_FEW_IMAGES * threads, _CPU_PIXELS_OF_FEW * threads // size)
        return max(1, few, _CPU_PIXELS * threads // size)

"""A small trainer, whose training can be killed and then goes on where it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from tqdm.auto import tqdm

from imbxai_widgets.compute.embedding.model_state import choose_device
from imbxai_widgets.training.augment import augment
from imbxai_widgets.training.checkpoint import TrainingState
from imbxai_widgets.training.regime import Regime

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class InMemoryImages:
    """Images in memory, and how they become a network's input.

    Parameters
    ----------
    pixels
        uint8 (N, H, W, 3), on the CPU.
    labels
        int64 (N,), on the CPU.
    normalize
        From float32 (B, 3, H, W) in [0, 1] to the input.
    fill
        Value of the pixels that move in where an image is shifted, from 0 to 255.

    Raises
    ------
    ValueError
        If there are no images, or not as many labels as images.
    """

    pixels: Tensor
    labels: Tensor
    normalize: Callable[[Tensor], Tensor]
    fill: int = 0

    def __post_init__(self) -> None:
        if not len(self.pixels) == len(self.labels) > 0:
            raise ValueError(
                f"pixels and labels must be equally many, 1 or more, but are {len(self.pixels)} "
                f"and {len(self.labels)}"
            )

    def inputs(self, pixels: Tensor) -> Tensor:
        """Turn uint8 (B, H, W, 3) into the network's input, on the same device."""
        return self.normalize(pixels.permute(0, 3, 1, 2).float() / 255)

    def digest(self) -> str:
        """Return a hash of the images and labels."""
        found = sha256(self.pixels.contiguous().numpy().data)
        found.update(self.labels.contiguous().numpy().data)
        return found.hexdigest()


def seeded(build: Callable[[], Network], seed: int) -> Network:
    """Return what `build` makes with the random weights of a seed; the global generator stays."""
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        return build()


def fit(
    model: Network,
    data: InMemoryImages,
    regime: Regime,
    *,
    seed: int = 0,
    weights: ArrayLike | None = None,
    device: torch.device | str | None = None,
    mixed_precision: bool | None = None,
    checkpoint: Path | None = None,
) -> Network:
    """Train a network in place.

    On the CPU the same seed gives the same weights to the last bit, also if training is killed
    and begun again with the same `checkpoint`; this holds for one machine, release of PyTorch
    and number of threads. GPUs add up in any order, so there the last digits differ.

    Parameters
    ----------
    model
        From normalized images to logits; for "ldam" with a `NormalizedLinear` head of the
        regime's `scale`.
    data
        What to train on.
    regime
        How to train.
    seed
        Of the order of the images and their augmentation.
    weights
        (N,) numbers of at least 0, as `Analysis.resampling_plan` gives: an epoch has as many draws
        as there are images, with replacement, in proportion to these. By default every image comes
        once an epoch.
    device
        Where to train; by default a GPU where there is one.
    mixed_precision
        Whether to compute in bfloat16 where the GPU has it, else in float16 with scaled losses;
        by default on a GPU only.
    checkpoint
        A file, written after each epoch. If it is there, training goes on from it.

    Returns
    -------
    torch.nn.Module
        `model`, after the last epoch, in evaluation mode.

    Raises
    ------
    ValueError
        If `weights` are not such numbers, or `checkpoint` is damaged or was written with other data
        or settings.
    FloatingPointError
        If the loss is not finite.

    Examples
    --------
    >>> pixels = torch.zeros(4, 8, 8, 3, dtype=torch.uint8)
    >>> data = InMemoryImages(pixels, torch.tensor([0, 0, 1, 1]), normalize=lambda x: x - 0.5)
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(192, 2))
    >>> fit(model, data, Regime(epochs=1)).training
    False
    """
    place = choose_device(model, device)
    dtype = _working_dtype(place, mixed_precision)
    drawn = None if weights is None else _checked_weights(weights, len(data.labels))
    model.to(place).train()
    optimizer = regime.optimizer(model)
    state = TrainingState(
        model,
        optimizer,
        regime.learning_rates(optimizer),
        # Gradients underflow in float16, but not in bfloat16, which has float32's exponents.
        torch.amp.GradScaler(place.type, enabled=dtype == torch.float16),
        torch.Generator().manual_seed(seed),
        {**asdict(regime), "seed": seed, "fill": data.fill, "dtype": str(dtype)}
        | {"data": data.digest()}
        | ({} if drawn is None else {"weights": sha256(drawn.numpy().data).hexdigest()}),
    )
    done = state.restore(checkpoint) if checkpoint and checkpoint.exists() else 0
    counts = np.bincount(data.labels)
    with tqdm(total=regime.epochs, initial=done, desc="Training", unit=" epochs") as progress:
        for epoch in range(done, regime.epochs):
            batches = _batches(data, drawn, regime, state.generator, place)
            loss = _epoch(state, batches, regime.loss(counts, epoch).to(place), dtype)
            if not np.isfinite(loss):
                raise FloatingPointError(
                    f"the loss was {loss} in epoch {epoch}; lower the learning rate"
                )
            if checkpoint:
                state.save(checkpoint, epoch + 1)
            progress.set_postfix(loss=f"{loss:.3f}", refresh=False)
            progress.update()
    return model.eval()


def _checked_weights(weights: ArrayLike, count: int) -> Tensor:
    """Return weights as float64 on the CPU, a copy."""
    checked = torch.tensor(np.asarray(weights, dtype=np.float64))
    if checked.shape != (count,):
        raise ValueError(f"weights must be ({count},), one an image, not {tuple(checked.shape)}")
    if not (torch.isfinite(checked).all() and (checked >= 0).all() and checked.any()):
        raise ValueError("weights must be finite numbers of at least 0, and not all 0")
    return checked


def _batches(
    data: InMemoryImages,
    weights: Tensor | None,
    regime: Regime,
    generator: torch.Generator,
    device: torch.device,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Give all images once in random order, or draws of them by weight; augmented."""
    count = len(data.labels)
    if weights is None:
        order = torch.randperm(count, generator=generator)
    else:
        order = torch.multinomial(weights, count, replacement=True, generator=generator)
    for batch in torch.split(order, regime.batch_size):
        pixels = data.pixels[batch].to(device)
        seen = augment(pixels, generator, padding=regime.crop_padding, fill=data.fill)
        yield data.inputs(seen), data.labels[batch].to(device)


def _epoch(
    state: TrainingState,
    batches: Iterable[tuple[Tensor, Tensor]],
    criterion: nn.Module,
    dtype: torch.dtype,
) -> float:
    """Train for one epoch and return the mean of the batches' losses."""
    losses = []
    for inputs, labels in batches:
        with torch.autocast(inputs.device.type, dtype, enabled=dtype != torch.float32):
            logits = state.model(inputs)
        loss = criterion(logits.float(), labels)
        state.optimizer.zero_grad()
        state.scaler.scale(loss).backward()
        state.scaler.step(state.optimizer)
        state.scaler.update()
        losses.append(loss.detach())
    state.schedule.step()
    return float(torch.stack(losses).mean())


def _working_dtype(device: torch.device, mixed_precision: bool | None) -> torch.dtype:
    if not (device.type == "cuda" if mixed_precision is None else mixed_precision):
        return torch.float32
    if device.type == "cuda" and not torch.cuda.is_bf16_supported():
        return torch.float16
    return torch.bfloat16

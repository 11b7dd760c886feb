"""A network at hand, and the images that it was run on: for a closer look at some of them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from imbxai_widgets.compute.embedding.batch_step import check_floats
from imbxai_widgets.compute.embedding.feature_map import FeatureMap
from imbxai_widgets.compute.embedding.found_head import rounding_of
from imbxai_widgets.compute.embedding.layers import EmbeddingReader
from imbxai_widgets.compute.embedding.model_state import (
    choose_device,
    lent_out,
    made_in_inference_mode,
)
from imbxai_widgets.compute.embedding.options import Saliency
from imbxai_widgets.compute.embedding.saliency import input_saliency, salient_pixels
from imbxai_widgets.compute.embedding.single_image import run_even_one
from imbxai_widgets.compute.numeric.checks import check_codes
from imbxai_widgets.compute.numeric.probabilities import TopProbabilities
from imbxai_widgets.compute.numeric.types import BoolArray, FloatArray, IntArray, UInt8Array
from imbxai_widgets.compute.reading.batches import Batch, read_batches
from imbxai_widgets.compute.reading.display import DisplayTransform
from imbxai_widgets.compute.reading.own_copy import own_copy
from imbxai_widgets.compute.reading.samples import Samples

# How far logits may be from those of the pass, relative to the largest of an image: batches of
# another size, and a copy with fused layers, add up in another order. In units of the precision,
# where that is coarser.
_RELATIVE: Final = 1e-3
_ROUNDINGS: Final = 16
_LEAST: Final = 1e-30  # of probabilities below, float32 has few digits
_COMPARED: Final = 4  # images of a split, where a network is compared as a whole


class ModelChanged(ValueError):  # noqa: N818  # it says what happened
    """The network gives images other logits than those that were kept of it."""


@dataclass(frozen=True, eq=False)
class Look:
    """What a network makes of n images.

    Attributes
    ----------
    logits
        (n, C) float32.
    images
        (n, H, W, 3) uint8, the images as people see them, pixel by pixel those of the masks; None
        without saliency.
    saliency
        (n, H, W) float32, not negative: how strongly each pixel moves the winning logit; None
        where it was not asked for.
    salient
        (n, H, W) bool, the pixels whose colors are counted, each as one; None without saliency.
    tied
        (n, H, W) bool, further pixels, equally salient, of which each counts the same part of one
        (see `salient_pixels`); None without saliency.
    room
        (n,) int64, how many pixels the tied ones of an image count as.
    activation
        (n, h, w) float32, the map of the feature that was asked for, before pooling: its average
        is the feature. None without one, or where the embedding is no average of a map.
    """

    logits: FloatArray
    images: UInt8Array | None = None
    saliency: FloatArray | None = None
    salient: BoolArray | None = None
    tied: BoolArray | None = None
    room: IntArray | None = None
    activation: FloatArray | None = None


@dataclass(frozen=True, eq=False)
class KnownImages:
    """The images of one split, and what was kept of a network's logits of them.

    Attributes
    ----------
    dataset
        Map-style, of M images as the network takes them, row by row.
    labels
        (M,) int64.
    top
        What a pass kept of their logits.
    display_transform
        As for `Display`.
    """

    dataset: Dataset[Any]
    labels: IntArray
    top: TopProbabilities
    display_transform: DisplayTransform | None = None


class Network:
    """A network and the images that it was run on, for a closer look at some of them.

    Every look runs the network as the pass did: on the same device, in evaluation mode, with the
    same layer as embedding. Afterwards it is as it was (see `lent_out`). Its logits are compared
    with those kept first, so that nothing is shown of another network.

    Parameters
    ----------
    model
        The network.
    splits
        Its images by the name of their split, such as "training".
    layer, device
        As for `embed`.
    saliency
        Which pixels count as salient; None to look without saliency.

    Examples
    --------
    >>> from imbxai_widgets.compute.numeric.probabilities import top_probabilities
    >>> pairs = [(torch.rand(3, 4, 4), label) for label in (0, 1, 1)]
    >>> model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(16, 2)).eval()
    >>> labels = np.array([0, 1, 1])
    >>> with torch.no_grad():
    ...     top = top_probabilities(model(torch.stack([image for image, _ in pairs])), labels)
    >>> images = KnownImages(pairs, labels, top)
    >>> network = Network(model, {"training": images}, saliency=Saliency(0.1, "perceptual"))
    >>> look = network.look("training", [2])
    >>> look.logits.shape, look.saliency.shape, int(look.salient.sum())
    ((1, 2), (1, 4, 4), 2)
    """

    def __init__(
        self,
        model: nn.Module,
        splits: Mapping[str, KnownImages],
        *,
        layer: nn.Module | str | None = None,
        device: torch.device | str | None = None,
        saliency: Saliency | None = None,
    ) -> None:
        self.model = model
        self._splits = dict(splits)
        self._layer = layer
        self._device = device
        self._saliency = saliency
        self._samples: dict[str, Samples] = {}

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits whose images are at hand."""
        return tuple(self._splits)

    @property
    def saliency(self) -> Saliency | None:
        """What counts as salient; None where no saliency was asked for."""
        return self._saliency

    def look(
        self,
        split: str,
        rows: Sequence[int] | IntArray,
        *,
        feature: int | None = None,
        saliency: bool = True,
    ) -> Look:
        """Run some images through the network once: forward, and backward for saliency.

        Parameters
        ----------
        split
            One of `splits`.
        rows
            (n,) integers, at least one; of images of one size.
        feature
            Number of a feature whose map is wanted, 0 to D-1.
        saliency
            Whether saliency is wanted; without it there is no backward pass.

        Returns
        -------
        Look

        Raises
        ------
        ModelChanged
            If the logits are not those that were kept.
        ValueError
            If the images of the split are not at hand, `rows` are none of it, or the images
            differ in size. What reading an image raises, and what the network does.
        """
        known = self._known(split)
        chosen = check_codes(np.asarray(rows), "rows", shape=(None,), limit=len(known.labels))
        wanted = self._saliency if saliency else None
        batch = self._read(split, chosen)
        with (
            self._lent(split, gradients=wanted is not None) as (reader, device),
            FeatureMap(self.model, feature) as maps,
        ):
            images = batch.images.to(device)
            if wanted is not None:
                check_floats(images)
                images = images.clone().requires_grad_()
            logits, embeddings = run_even_one(self.model, reader.run, images)
            _compare(logits.detach(), known.top, chosen, split)
            activation = maps.found(embeddings)
            values: dict[str, Any] = {}
            if wanted is not None:
                values = {"images": batch.rgb, **_salient(images, logits, batch, wanted.fraction)}
        return Look(logits.detach().float().cpu().numpy(), activation=activation, **values)

    def read(self, split: str, rows: Sequence[int] | IntArray) -> Tensor:
        """Return images as the network takes them, (n, C, H, W), on the CPU.

        Raises
        ------
        ValueError
            If the images of the split are not at hand, or `rows` are none of it. What reading an
            image raises.
        """
        limit = len(self._known(split).labels)
        chosen = check_codes(np.asarray(rows), "rows", shape=(None,), limit=limit)
        return self._read(split, chosen).images

    @contextmanager
    def running(self, split: str) -> Iterator[Callable[[Tensor], Tensor]]:
        """Give what runs images that are no images of the dataset, such as changed ones.

        Parameters
        ----------
        split
            Whose images they were made of.

        Yields
        ------
        callable
            Takes (n, C, H, W) images, gives (n, classes) logits on the device of the network, which
            is lent out meanwhile (see `lent_out`).
        """
        with self._lent(split, gradients=False) as (reader, device):
            yield lambda images: run_even_one(self.model, reader.run, images.to(device))[0]

    @contextmanager
    def _lent(
        self, split: str, *, gradients: bool
    ) -> Iterator[tuple[EmbeddingReader, torch.device]]:
        """Lend the network out: what reads its embeddings, and the device on which it is."""
        frozen = made_in_inference_mode(self.model) is not None
        device = choose_device(self.model, self._device)
        with (
            warnings.catch_warnings(),
            torch.inference_mode(frozen),
            lent_out(self.model, device) as changes,
            EmbeddingReader(self.model, self._layer, n_classes=self._n_names(split)) as reader,
        ):
            warnings.simplefilter("ignore")  # the pass gave them already
            changes.add(partial(torch.set_grad_enabled, torch.is_grad_enabled()))
            torch.set_grad_enabled(gradients)
            yield reader, device

    def check(self) -> None:
        """Compare the network with what was kept, by some images of each split.

        Raises
        ------
        ModelChanged
            As `look` does.
        ValueError
            If the network cannot run these images.
        """
        for split, known in self._splits.items():
            size = len(known.labels)
            for row in np.linspace(0, size - 1, min(size, _COMPARED)).astype(np.int64):
                try:
                    self.look(split, [int(row)], saliency=False)
                except RuntimeError as error:  # PyTorch's, of shapes that do not fit
                    raise ValueError(
                        f"the model fails on {split} image {row} (by its row): {error}; "
                        "give the model that was analyzed"
                    ) from error

    def _known(self, split: str) -> KnownImages:
        if split not in self._splits:
            raise ValueError(f"the {split} images are not at hand")
        return self._splits[split]

    def _read(self, split: str, rows: IntArray) -> Batch:
        samples = self._samples.get(split)
        if samples is None:
            known = self._known(split)
            # Read from a copy, so that no file of the user's dataset is left open.
            samples = own_copy(
                Samples(
                    known.dataset,
                    colors=self._saliency is not None,
                    display_transform=known.display_transform,
                )
            )
            self._samples[split] = samples
        with read_batches(samples, [rows.tolist()]) as readings:
            batch = next(readings).batch
        assert batch is not None  # what cannot be read has raised
        return batch

    def _n_names(self, split: str) -> int | None:
        return self._samples[split].n_names


def _salient(images: Tensor, logits: Tensor, batch: Batch, fraction: float) -> dict[str, Any]:
    saliency = input_saliency(logits, images)
    candidates = None if batch.foreground is None else torch.from_numpy(batch.foreground)
    found = salient_pixels(saliency, fraction, candidates)
    certain, tied, room = (part.cpu().numpy() for part in found)
    values = saliency.float().cpu().numpy()
    return {"saliency": values, "salient": certain, "tied": tied, "room": room}


def _compare(logits: Tensor, top: TopProbabilities, rows: IntArray, split: str) -> None:
    """Compare logits with what was kept of those images: their largest probabilities."""
    classes, given = top.classes[rows], top.probabilities[rows]
    if logits.shape[1] <= int(top.classes.max(initial=0)):
        raise ModelChanged(
            f"the model has {logits.shape[1]} logits, fewer than the analysis: it is another one"
        )
    values = logits.double().cpu()
    ours = values.log_softmax(dim=1).numpy()
    largest = values.abs().amax(dim=1, keepdim=True).clamp(min=1).numpy()
    limits = 2 * max(_RELATIVE, _ROUNDINGS * rounding_of(logits)) * largest
    named = np.take_along_axis(ours, classes, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        far = (np.abs(named - np.log(given)) > limits) & (given > _LEAST)
    wrong = far.any(axis=1) | (ours.max(axis=1) - named[:, 0] > limits[:, 0])
    if wrong.any() or not np.isfinite(ours).all():
        row = int(rows[int(wrong.argmax())])
        raise ModelChanged(
            f"the model has changed since the analysis: it gives {split} image {row} (by its row) "
            "other logits than were kept"
        )

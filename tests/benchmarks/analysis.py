"""The whole analysis, against the bare network, and against one image at a time.

The floor is a plain PyTorch loop with one forward and one backward to the input for every image,
at the batch size and memory format that are best for it, and nothing else. The way of the
authors' scripts is one image at a time, a chain of branches for each salient pixel, and k-medoids
on the full distance matrix of each class; it is timed on some images and scaled to all.

Images are the embedded ones, as often as long-tailed CIFAR-10 has images of each class.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import kmedoids
import numpy as np
import torch
from sklearn.metrics import pairwise_distances
from torch import nn
from torch.utils.data import Subset

from imbxai_widgets import analyze
from imbxai_widgets.compute.colors.paper import _RULES
from imbxai_widgets.compute.embedding.fused import fused_copy, quick_reader
from imbxai_widgets.compute.embedding.layers import EmbeddingReader
from imbxai_widgets.compute.neighbors.search import nearest_neighbors
from imbxai_widgets.datasets import labels_of, long_tailed_sizes
from imbxai_widgets.demo import load_demo
from imbxai_widgets.training.networks import ResNet
from tests.benchmarks import _bench

_SAMPLED = 64  # images that are analyzed one at a time
_SALIENT = 0.1


def main(quick: bool) -> None:
    """Print the ratios to the floor and to the authors' way, and what each measure brings."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = _network().to(device)
    data = _long_tailed(largest=60 if quick else 5000)
    rounds = 1 if quick else 3
    images = torch.stack([data[number][0] for number in range(len(data))])
    size, format_ = _best_floor(model, images[: 64 if quick else 512], rounds, device)
    floor = partial(_plain_loop, model, images, size, format_, device)
    whole = partial(analyze, model, data, progress=False)
    seconds = _bench.interleaved({"floor": floor, "analyze": whole}, rounds, _bench.clock())
    one_by_one = _authors_way(model, data, whole().embeddings, 4 if quick else _SAMPLED)
    _bench.table(
        f"{len(data):,} images of 32 x 32, ResNet-32, saliency and colors included",
        ["", "seconds", "to the floor"],
        [
            [f"floor: batches of {size}, {_name(format_)}", seconds["floor"], 1.0],
            ["analyze, everything", seconds["analyze"], seconds["analyze"] / seconds["floor"]],
            ["one image at a time (scaled)", one_by_one, one_by_one / seconds["floor"]],
        ],
    )
    print(f"\nOne image at a time takes {one_by_one / seconds['analyze']:.1f} times as long.")
    some = images[: 64 if quick else 1024]
    _measures(model, some, rounds, device)
    _passes(model, some, rounds, device)
    _half_precision(device, 64 if quick else 1024)


def _network() -> nn.Module:
    """A ResNet-32 whose batch normalizations have seen images."""
    torch.manual_seed(0)
    model = ResNet(32, n_classes=10)
    _, train, _ = load_demo()
    with torch.no_grad():
        model(torch.stack([train[number][0] for number in range(0, len(train), 8)]))
    return model.eval().requires_grad_(False)


def _long_tailed(largest: int) -> Subset[Any]:
    """Take each class's images again and again, until there are as many as CIFAR-10-LT has."""
    _, train, _ = load_demo()
    labels = labels_of(train)
    sizes = long_tailed_sizes(largest, 10, "exp", 100 if largest >= 100 else 10)
    rows = [np.resize(np.flatnonzero(labels == label), size) for label, size in enumerate(sizes)]
    return Subset(train, np.concatenate(rows).tolist())


def _best_floor(
    model: nn.Module, images: torch.Tensor, rounds: int, device: torch.device
) -> tuple[int, torch.memory_format]:
    candidates: dict[tuple[int, torch.memory_format], Callable[[], object]] = {
        (size, format_): partial(_plain_loop, model, images, size, format_, device)
        for size in (32, 64, 128, 256)
        for format_ in (torch.contiguous_format, torch.channels_last)
    }
    named = {f"{size}, {_name(format_)}": run for (size, format_), run in candidates.items()}
    seconds = _bench.interleaved(named, rounds, _bench.clock())
    best = min(seconds, key=seconds.__getitem__)
    _bench.table(
        f"Plain loops over {len(images)} images",
        ["batch size, memory format", "seconds", "to the best"],
        [[name, value, value / seconds[best]] for name, value in seconds.items()],
    )
    return list(candidates)[list(named).index(best)]


def _plain_loop(
    model: nn.Module,
    images: torch.Tensor,
    size: int,
    format_: torch.memory_format,
    device: torch.device,
) -> None:
    model.to(memory_format=format_)  # type: ignore[call-overload]
    for batch in images.split(size):
        leaf = batch.to(device).contiguous(memory_format=format_).requires_grad_()
        torch.autograd.grad(model(leaf).max(dim=1).values.sum(), leaf)
    if device.type == "cuda":
        torch.cuda.synchronize()
    model.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]


def _measures(model: nn.Module, images: torch.Tensor, rounds: int, device: torch.device) -> None:
    """Print what each measure brings alone."""
    fused = fused_copy(model)
    assert fused is not None
    plain, last = torch.contiguous_format, torch.channels_last
    loops = {
        "the network as it is": (model, plain),
        "channels last": (model, last),
        "fused": (fused, plain),
        "fused, channels last": (fused, last),
    }
    runs = {
        name: partial(_plain_loop, network, images, 128, format_, device)
        for name, (network, format_) in loops.items()
    }
    seconds = _bench.interleaved(runs, rounds, _bench.clock())
    _bench.table(
        f"Plain loops over {len(images)} images, batches of 128",
        ["", "seconds", "ratio"],
        [[name, value, value / next(iter(seconds.values()))] for name, value in seconds.items()],
    )


def _passes(model: nn.Module, images: torch.Tensor, rounds: int, device: torch.device) -> None:
    """Print what fusing brings in the pass alone, and how far it moves the embeddings."""
    readers: dict[str, Any] = {
        "the network as it is": partial(EmbeddingReader, model),
        "its fused copy, channels last": partial(quick_reader, model, device=device),
    }
    found: dict[str, torch.Tensor] = {}

    def run(name: str) -> None:
        parts = []
        with readers[name]() as reader:
            for batch in images.split(128):
                leaf = batch.to(device).requires_grad_()
                logits, embedding = reader.run(leaf)
                torch.autograd.grad(logits.max(dim=1).values.sum(), leaf)
                parts.append(embedding.float().cpu())
        found[name] = torch.cat(parts)

    seconds = _bench.interleaved(
        {name: partial(run, name) for name in readers}, rounds, _bench.clock()
    )
    first, other = found.values()
    _bench.table(
        f"Forward and backward of {len(images)} images, batches of 128",
        ["", "seconds", "ratio"],
        [[name, value, value / next(iter(seconds.values()))] for name, value in seconds.items()],
    )
    error = float((first - other).abs().max() / first.abs().max())
    print(f"\nLargest difference of an embedding's entry, to the largest entry: {error:.1e}.")


def _half_precision(device: torch.device, n_images: int) -> None:
    """Print what bfloat16 takes of the time of a forward, and how many neighbors it keeps."""
    model, train, _ = load_demo()
    model = model.to(device)
    images = torch.stack([train[number][0] for number in range(n_images)]).to(device)
    found, seconds = [], []
    for enabled in (False, True):
        cast = torch.autocast(device.type, torch.bfloat16, enabled=enabled)
        with EmbeddingReader(model) as reader, torch.inference_mode(), cast:
            reader.run(images[:2])
            start = _bench.clock()()
            parts = [reader.run(batch)[1].float().cpu() for batch in images.split(128)]
            seconds.append(_bench.clock()() - start)
        found.append(nearest_neighbors(torch.cat(parts), 5).indices)
    kept = [len(np.intersect1d(*rows)) / 5 for rows in zip(*found, strict=True)]
    print(
        f"\nbfloat16 autocast takes {seconds[1] / seconds[0]:.2f} of the time of a forward of "
        f"{n_images:,} embedded images (ResNet-20), and keeps {np.mean(kept):.2%} of 5 neighbors."
    )


def _authors_way(model: nn.Module, data: Subset[Any], embeddings: Any, sampled: int) -> float:
    """Return the seconds that all images would take one at a time, with k-medoids per class."""
    now = _bench.clock()
    device = next(model.parameters()).device
    chosen = np.linspace(0, len(data) - 1, sampled).astype(int).tolist()
    start = now()
    for number in chosen:
        leaf = data[number][0][None].to(device).requires_grad_()
        (gradient,) = torch.autograd.grad(model(leaf).max(), leaf)
        saliency = gradient.abs().amax(dim=1).flatten().cpu().numpy()
        pixels = _shown(data, number).reshape(-1, 3)
        for pixel in np.argsort(-saliency)[: int(_SALIENT * len(saliency))]:
            _branches(*map(int, pixels[pixel]))
    images = (now() - start) / sampled * len(data)
    start = now()
    labels = labels_of(data)
    for label in range(10):
        rows = embeddings[labels == label]
        if len(rows) > 4:
            kmedoids.alternating(pairwise_distances(rows), 3, random_state=0)
    return images + now() - start


def _shown(data: Subset[Any], number: int) -> Any:
    return data.dataset.images[data.indices[number]]  # type: ignore[attr-defined]


def _branches(red: int, green: int, blue: int) -> str | None:
    """Name a color by trying one rule after the other."""
    for rule in _RULES:
        ranges = zip((red, green, blue), (rule.red, rule.green, rule.blue), strict=True)
        if all(low <= value <= high for value, (low, high) in ranges):
            channels = {"r": red, "g": green, "b": blue}
            pairs = (comparison.split(">") for comparison in rule.greater.split())
            if all(channels[larger] > channels[smaller] for larger, smaller in pairs):
                return rule.bin
    return None


def _name(format_: torch.memory_format) -> str:
    return str(format_).removeprefix("torch.").replace("_format", "").replace("_", " ")

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from math import ceil
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from embedding_cases import (
    CLASSES,
    SIZE,
    Counting,
    Images,
    WithForeground,
    network,
    quiet,
    state_of,
)
from torch import Tensor, nn
from torch.utils.data import ConcatDataset, DataLoader, IterableDataset, Subset, TensorDataset

from imbxai_widgets.compute.colors.schemes import assign_bins, color_scheme
from imbxai_widgets.compute.embedding.layers import LayerError
from imbxai_widgets.compute.embedding.one_pass import embed
from imbxai_widgets.compute.numeric.probabilities import top_probabilities
from imbxai_widgets.compute.reading.transforms import DisplayError


def test_what_one_pass_yields() -> None:
    model, data = network(), Images(11)
    found = quiet(model, data, batch_size=4)
    model.eval()
    with torch.no_grad():
        embeddings = model[:7](data.images)
        probabilities = model[7](embeddings).softmax(dim=1)
    np.testing.assert_allclose(found.embeddings, embeddings, atol=1e-6)
    np.testing.assert_array_equal(found.labels, data.labels)
    np.testing.assert_array_equal(found.predictions, probabilities.argmax(dim=1))
    np.testing.assert_allclose(found.confidences, probabilities.amax(dim=1), atol=1e-6)
    assert found.n_classes == CLASSES
    assert found.color_counts is None
    kinds = [found.embeddings, found.labels, found.predictions, found.confidences]
    assert [array.dtype for array in kinds] == [np.float32, np.int64, np.int64, np.float32]


# The foreground of every tenth image of `WithForeground` is empty.
EMPTY_FOREGROUND = pytest.mark.filterwarnings("ignore:.* images have no salient pixels")


def colors_by_brute_force(model: nn.Module, data: Any, fraction: float, scheme: str) -> np.ndarray:
    """Per image: own forward and backward, a sorted list of pixels, a loop over them."""
    model.eval()
    counts = np.zeros((len(data), len(color_scheme(scheme).bins)), dtype=np.int64)
    for index in range(len(data)):
        image = data[index][0].clone().requires_grad_()
        logits = model(image[None])[0]
        logits[logits.argmax()].backward()
        saliency = image.grad.abs().amax(dim=0).flatten().tolist()
        allowed = range(SIZE * SIZE)
        if hasattr(data, "foreground"):
            allowed = np.flatnonzero(data.foreground(index)).tolist()
        best = sorted(allowed, key=lambda place: (-saliency[place], place))
        rgb = (data[index][0] * 255).round().to(torch.uint8).flatten(1).T.numpy()
        for place in best[: ceil(fraction * len(allowed))]:
            number = assign_bins(rgb[place], scheme)
            if number >= 0:
                counts[index, number] += 1
    return counts


@EMPTY_FOREGROUND
@pytest.mark.parametrize("kind", [Images, WithForeground])
@pytest.mark.parametrize("scheme", ["perceptual", "paper"])
def test_color_counts_are_those_of_brute_force(kind: type[Images], scheme: str) -> None:
    data = kind(13)
    found = quiet(network(), data, batch_size=5, salient_fraction=0.25, color_bins=scheme)
    expected = colors_by_brute_force(network(), data, 0.25, scheme)
    assert found.color_counts is not None
    assert found.color_counts.dtype == np.int64
    np.testing.assert_array_equal(found.color_counts, expected)


@EMPTY_FOREGROUND
def test_foreground_and_colors_through_subset_and_concat() -> None:
    data = WithForeground(9)
    whole = quiet(network(), data, salient_fraction=0.3).color_counts
    parts = ConcatDataset([Subset(data, [8, 2]), Subset(data, [5])])
    some = quiet(network(), parts, salient_fraction=0.3).color_counts
    assert whole is not None
    np.testing.assert_array_equal(some, whole[[8, 2, 5]])


@EMPTY_FOREGROUND
def test_foreground_of_some_images_alone() -> None:
    members = [WithForeground(3), Images(3)]
    mixed = quiet(network(), ConcatDataset(members), salient_fraction=0.3).color_counts
    apart = [quiet(network(), each, salient_fraction=0.3).color_counts for each in members]
    np.testing.assert_array_equal(mixed, np.concatenate(apart))


def test_saliency_changes_nothing_else() -> None:
    plain, with_colors = (
        quiet(network(), Images(9)),
        quiet(network(), Images(9), salient_fraction=0.1),
    )
    np.testing.assert_allclose(plain.embeddings, with_colors.embeddings, atol=1e-6)
    np.testing.assert_array_equal(plain.predictions, with_colors.predictions)


@pytest.mark.parametrize("fraction", [None, 0.1])
def test_every_image_is_taken_once_and_every_batch_run_once(fraction: float | None) -> None:
    counter, data = Counting(), Images(10)
    model = network(counter)
    counter.calls = 0
    quiet(model, data, batch_size=4, salient_fraction=fraction)
    assert counter.calls == 3
    assert data.taken.tolist() == [1] * 10


def test_a_network_that_overwrites_its_input() -> None:
    class Shift(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.sub_(0.5)

    data = Images(4)
    images = data.images.clone()
    found = quiet(network(Shift()), data, salient_fraction=0.1)
    assert torch.equal(data.images, images)
    assert found.color_counts is not None
    assert found.color_counts.sum() == 4 * 10


@EMPTY_FOREGROUND
def test_worker_processes_change_nothing() -> None:
    data = WithForeground(9)
    alone = quiet(network(), data, batch_size=2, salient_fraction=0.3)
    helped = quiet(network(), data, batch_size=2, salient_fraction=0.3, num_workers=2)
    np.testing.assert_array_equal(helped.labels, alone.labels)
    np.testing.assert_array_equal(helped.embeddings, alone.embeddings)
    np.testing.assert_array_equal(helped.color_counts, alone.color_counts)


def test_errors_come_through_from_worker_processes() -> None:
    data = [(torch.full((3, SIZE, SIZE), 7.0), 0)]
    with pytest.raises(DisplayError, match="values run from 7 to 7"):
        quiet(network(), data, salient_fraction=0.1, num_workers=1)


def test_gray_images() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(SIZE * SIZE, 2))
    data = TensorDataset(torch.rand(5, 1, SIZE, SIZE), torch.zeros(5, dtype=torch.int64))
    counts = quiet(model, data, salient_fraction=0.2).color_counts
    assert counts is not None
    bins = color_scheme("perceptual").bins
    assert {bins[number] for number in np.flatnonzero(counts.sum(axis=0))} <= {
        "black",
        "gray",
        "white",
    }
    assert counts.sum() == 5 * 20


class Rounds(nn.Module):
    """Gives no gradient to images whose first pixel is at most `bound`."""

    def __init__(self, bound: float) -> None:
        super().__init__()
        self.bound = bound

    def forward(self, x: Tensor) -> Tensor:
        rounds = (x[:, :1, :1, :1] <= self.bound).to(x.dtype)
        return x - rounds * (x - x.detach())


@pytest.mark.parametrize("cached", [False, True])
def test_images_without_gradient_are_left_out_and_counted(tmp_path: Path, cached: bool) -> None:
    data = Images(12)
    model = network(Rounds(0.4))
    still = (data.images[:, 0, 0, 0] <= 0.4).numpy()
    assert 0 < still.sum() < 12
    options: dict[str, Any] = {"salient_fraction": 0.1, "batch_size": 5}
    if cached:
        options["cache"] = tmp_path
        with pytest.warns(UserWarning, match="no salient pixels"):
            quiet(model, data, **options)
    message = f"^{still.sum()} of 12 images have no salient pixels and are left out"
    with pytest.warns(UserWarning, match=message) as caught:
        counts = quiet(model, data, **options).color_counts
    assert len(caught) == 1
    assert counts is not None
    assert counts.sum(axis=1).tolist() == [0 if zero else 10 for zero in still]
    plain = quiet(network(), data, salient_fraction=0.1).color_counts
    assert plain is not None
    np.testing.assert_array_equal(counts[~still], plain[~still])


def test_an_empty_foreground_is_counted_with_them() -> None:
    with pytest.warns(UserWarning, match="^1 of 4 images .* or their foreground is empty$"):
        found = quiet(network(), WithForeground(4), salient_fraction=0.1)
    assert found.color_counts is not None
    assert found.color_counts.sum(axis=1).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small"])
def test_networks_and_data_of_torchvision(torchvision: ModuleType, name: str) -> None:
    v2 = torchvision.transforms.v2
    steps = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.5], [0.25])]
    data = torchvision.datasets.FakeData(6, (3, 32, 32), 5, transform=v2.Compose(steps))
    model = getattr(torchvision.models, name)(num_classes=5)
    found = quiet(model, data, batch_size=4, salient_fraction=0.1)
    assert found.n_classes == 5
    assert found.color_counts is not None
    assert (found.color_counts.sum(axis=1) == ceil(0.1 * 32 * 32)).all()
    np.testing.assert_array_equal(found.labels, [data[index][1] for index in range(6)])


def test_random_transforms_are_warned_of(torchvision: ModuleType) -> None:
    v1 = torchvision.transforms
    data = torchvision.datasets.FakeData(
        2, (3, 8, 8), CLASSES, transform=v1.Compose([v1.RandomCrop(SIZE, 1), v1.ToTensor()])
    )
    with pytest.warns(UserWarning, match=r"random \(RandomCrop\)"):
        quiet(network(), data)


class Stream(IterableDataset[Any]):
    def __iter__(self) -> Iterator[Any]:
        return iter(())


GOOD = (torch.rand(3, SIZE, SIZE), 0)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], r"dataset \(list\) has no images"),
        (Stream(), "must be map-style"),
        ((pair for pair in [GOOD]), "must be map-style.* generator is not"),
        ({GOOD[0]}, "must be map-style.* set is not"),
        (DataLoader([GOOD]), r"not a DataLoader; pass its \.dataset"),
        (
            [GOOD, GOOD[0]],
            r"must be an \(image, label\) pair or a dict, but is Tensor; .*dataset\[1\]",
        ),
        ([(*GOOD, 1)], "but is 3 values"),
        ([GOOD, (np.zeros((3, 4, 4)), 0)], "image 1 must be a tensor, but is ndarray.*ToTensor"),
        ([(torch.rand(SIZE, SIZE), 0)], r"\(C, H, W\), but has shape \(10, 10\)"),
        (
            [GOOD, (GOOD[0], 0.5)],
            "image 1 could not be read: its label must be an integer",
        ),
        ([GOOD, (GOOD[0], -1)], "image 1 could not be read: its label must not be negative"),
        ([GOOD] * 5 + [(GOOD[0], 9)], "image 5 has label 9, but the model has 4 logits"),
        (
            [GOOD, GOOD, (torch.rand(3, SIZE, 12), 0)],
            r"image 0 has \(3, 10, 10\) and image 2 has \(3, 10, 12\)",
        ),
        (
            [GOOD] * 4 + [(torch.full((3, SIZE, SIZE), torch.nan), 0), GOOD],
            "the embeddings of images 4 are not finite",
        ),
    ],
)
def test_data_that_cannot_be_embedded(data: Any, message: str) -> None:
    model = network()
    before = state_of(model)
    with pytest.raises(ValueError, match=message):
        quiet(model, data, batch_size=3)
    assert state_of(model) == before


@pytest.mark.parametrize("label", [1, np.int8(1), torch.tensor(1), np.array(1)])
def test_labels_may_be_any_integer(label: Any) -> None:
    assert quiet(network(), [(GOOD[0], label)]).labels.tolist() == [1]


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ({"foreground": (SIZE, 3)}, r"has \(10, 10\) pixels but \(10, 3\) foreground"),
        ({"shown": (4, 4)}, r"has \(10, 10\) pixels but \(4, 4\) as shown"),
    ],
)
def test_colors_that_do_not_fit_the_image(shapes: dict[str, Any], message: str) -> None:
    data = Images(2)
    if "foreground" in shapes:
        data.foreground = lambda _: np.ones(shapes["foreground"], dtype=bool)  # type: ignore[attr-defined]
    shown = np.zeros((*shapes.get("shown", (SIZE, SIZE)), 3), dtype=np.uint8)
    with pytest.raises(ValueError, match=message):
        quiet(network(), data, salient_fraction=0.1, display_transform=lambda _: shown)


def test_a_binary_model_of_one_logit_has_no_classes() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * SIZE * SIZE, 1))
    with pytest.raises(ValueError, match="at least 2 logits, one a class, but gives 1"):
        quiet(model, [GOOD])


def test_whole_numbers_have_no_gradient() -> None:
    class Scale(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x / 255

    model = network(Scale())
    data = [(torch.full((3, SIZE, SIZE), 9, dtype=torch.uint8), 0)]
    assert quiet(model, data).embeddings.shape == (1, 32)
    with pytest.raises(ValueError, match=r"are torch\.uint8; convert them .*=None"):
        quiet(model, data, salient_fraction=0.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"salient_fraction": 0.0}, "salient_fraction must be above 0"),
        ({"salient_fraction": 0.1, "color_bins": "rainbow"}, "color_bins must be one of"),
        ({"layer": "head"}, "no layer 'head'"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    data = Images(2)
    with pytest.raises(ValueError, match=message):
        quiet(network(), data, **arguments)
    assert data.taken.tolist() == [0, 0]


def test_what_is_no_model_and_what_gives_no_logits() -> None:
    with pytest.raises(TypeError, match=r"must be a torch\.nn\.Module, not function"):
        quiet(lambda x: x, Images(2))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"must return \(B, C\) logits, but gave \(2, 3, 10, 10"):
        quiet(nn.Identity(), Images(2))
    with pytest.raises(LayerError, match="head was not found"):
        quiet(nn.Flatten(), Images(2))


def test_the_layer_is_passed_on() -> None:
    found = quiet(network(), Images(3), layer="2")
    assert found.embeddings.shape == (3, 8)


@pytest.mark.parametrize("progress", [True, False])
def test_progress(capsys: pytest.CaptureFixture[str], progress: bool) -> None:
    embed(network(), Images(3), device="cpu", progress=progress, description="Training images")
    shown = capsys.readouterr().err
    assert ("Training images: " in shown and "/3 [" in shown) == progress
    assert shown.rpartition("\r")[2] == ""  # when it has ended, the bar is gone


def test_compute_needs_no_widget_package() -> None:
    program = """
import sys
for name in ("ipywidgets", "anywidget", "bqplot", "traitlets", "IPython"):
    sys.modules[name] = None
import importlib, pkgutil
import imbxai_widgets.compute as compute
for module in pkgutil.walk_packages(compute.__path__, compute.__name__ + "."):
    importlib.import_module(module.name)
from imbxai_widgets.compute.embedding import embed
import torch
model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 2))
print(embed(model, [(torch.rand(3, 2, 2), 0)], salient_fraction=0.5).embeddings.shape)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.stdout == "(1, 12)\n", ran.stderr


@pytest.mark.parametrize("n_classes", [3, 10, 20, 21, 300])
@pytest.mark.parametrize("levels", [1, 3, 1000])
def test_the_largest_probabilities_are_those_of_a_stable_sort(n_classes: int, levels: int) -> None:
    generator = torch.Generator().manual_seed(levels)
    logits = torch.randint(0, levels, (200, n_classes), generator=generator) / 10
    found = top_probabilities(logits, np.zeros(200, dtype=np.int64))
    order = np.argsort(-logits.numpy(), axis=1, kind="stable")[:, :10]
    np.testing.assert_array_equal(found.classes, order)
    shares = np.take_along_axis(logits.softmax(dim=1).numpy(), order, 1)
    np.testing.assert_array_equal(found.probabilities, shares)

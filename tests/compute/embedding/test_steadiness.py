"""Networks that are random, or mix the images of a batch, are told; single images are run."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest
import torch
from embedding_cases import Images, checked, network, quiet
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from imbxai_widgets import analyze
from imbxai_widgets.compute.embedding.steadiness import Steadiness


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.fc = nn.Linear(3, 4)

    def forward(self, images: Tensor) -> Tensor:
        return self.fc(self.features(images.mean((2, 3))))

    def features(self, values: Tensor) -> Tensor:
        return values


class FunctionalDropout(Net):
    def features(self, values: Tensor) -> Tensor:
        return F.dropout(values, 0.5)


class FreshDropout(Net):
    def features(self, values: Tensor) -> Tensor:
        return nn.Dropout(0.5)(values)


class Noise(nn.Identity):
    def forward(self, values: Tensor) -> Tensor:
        return values + 0.01 * torch.randn_like(values)


class Inner(Net):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Identity(), Noise())

    def features(self, values: Tensor) -> Tensor:
        return self.body(values)


class BatchStatistics(Net):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(3, track_running_stats=False)

    def features(self, values: Tensor) -> Tensor:
        return self.norm(values)


class Centered(Net):
    def features(self, values: Tensor) -> Tensor:
        return values - values.mean(dim=0)


class Squeezed(Net):
    def forward(self, images: Tensor) -> Tensor:
        return self.fc(F.adaptive_avg_pool2d(images, 1).squeeze())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (FunctionalDropout, r"The forward of the model itself \(FunctionalDropout\) is random"),
        (FreshDropout, r"The forward of the model itself \(FreshDropout\) is random"),
        (lambda: nn.Sequential(FreshDropout()), r"Its layer '0' \(FreshDropout\) is random"),
        (Inner, r"Its layer 'body\.1' \(Noise\) is random"),
        (BatchStatistics, r"Its layer 'norm' \(BatchNorm1d\) mixes the images of a batch"),
        (Centered, r"The forward of the model itself \(Centered\) mixes the images"),
    ],
)
@pytest.mark.parametrize("size", [2, 3, 10])
def test_unsteady_models_are_named(make: Callable[[], nn.Module], message: str, size: int) -> None:
    with pytest.warns(UserWarning, match=message):
        checked(make(), Images(size))


def test_an_analysis_warns_once() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        analyze(
            FunctionalDropout(), Images(12), validation=Images(9), k=2, batch_size=5, progress=False
        )
    assert sum("is random" in str(each.message) for each in caught) == 1


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16, torch.float64])
def test_steady_models_are_not_warned_of(kind: torch.dtype) -> None:
    checked(network().to(kind), Images(20), salient_fraction=0.1)  # a warning would be an error


@pytest.mark.parametrize("size", [1, 2])
def test_what_cannot_be_told_is_not(size: int) -> None:
    model = FunctionalDropout() if size == 1 else Net()
    checked(model, Images(size))


def test_only_a_few_images_run_more_than_once_and_no_generator_moves() -> None:
    runs: list[int] = []

    class Counted(Net):
        def features(self, values: Tensor) -> Tensor:
            runs.append(len(values))
            return values

    checked(Counted(), Images(40), batch_size=20)
    assert sum(runs) == 24 + 40
    model, images = FunctionalDropout(), torch.rand(4, 3, 2, 2)
    generator = torch.get_rng_state()
    with pytest.warns(UserWarning, match="is random"):
        Steadiness(model).check(images)
    assert torch.equal(torch.get_rng_state(), generator)


@pytest.mark.parametrize("fraction", [None, 0.2])
def test_a_last_batch_of_one_image(fraction: float | None) -> None:
    """A network that drops all axes of length 1 has no batch left."""
    data = Images(11)
    expected = quiet(Net(), data, batch_size=5, salient_fraction=fraction)
    found = checked(Squeezed(), data, salient_fraction=fraction)
    np.testing.assert_allclose(found.embeddings, expected.embeddings, rtol=1e-5)
    np.testing.assert_allclose(found.top.probabilities, expected.top.probabilities, rtol=1e-5)
    if fraction is not None:
        np.testing.assert_array_equal(found.color_counts, expected.color_counts)


def test_a_last_batch_of_one_image_that_would_be_normalized_by_itself() -> None:
    message = r"cannot run a batch of one image .*'norm' \(BatchNorm1d\).*choose a batch_size"
    with (
        pytest.warns(UserWarning, match="mixes the images"),
        pytest.raises(ValueError, match=message),
    ):
        checked(BatchStatistics(), Images(11))


def test_other_errors_of_a_single_image_stay() -> None:
    with pytest.raises(RuntimeError, match="channels"):
        quiet(network(), [(torch.rand(2, 4, 4), 0)])

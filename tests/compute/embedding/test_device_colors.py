"""Colors as a GPU recovers and counts them, also run on the processor; the host's are the truth."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from embedding_cases import SIZE, Images, network
from hypothesis import given, settings
from hypothesis import strategies as st

from imbxai_widgets.compute.embedding.device_colors import DeviceColors, DeviceCounts
from imbxai_widgets.compute.embedding.embedded import Embedded
from imbxai_widgets.compute.embedding.one_pass import run_pass
from imbxai_widgets.compute.embedding.options import PassOptions
from imbxai_widgets.compute.embedding.saliency import (
    Salient,
    count_colors,
    count_pixels,
    shared_out,
)
from imbxai_widgets.compute.reading.display import Display, DisplayError
from imbxai_widgets.demo.transforms import Normalize

DEVICES = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Normalized(Images):
    """Images whose transform ends in a normalization."""

    def __init__(self, n: int) -> None:
        super().__init__(n)
        self.transform = Normalize(MEAN, STD)
        self.images = self.transform(self.images)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 999),
    channels=st.sampled_from([1, 3]),
    dtype=st.sampled_from([torch.float16, torch.bfloat16, torch.float32, torch.float64]),
    scheme=st.sampled_from(["perceptual", "paper"]),
    normalized=st.booleans(),
    device=st.sampled_from(DEVICES),
)
def test_counts_are_those_of_the_host(
    seed: int, channels: int, dtype: torch.dtype, scheme: str, normalized: bool, device: str
) -> None:
    generator = torch.Generator().manual_seed(seed)
    # Levels of eight bits, halves between them, and a little beyond the range.
    images = torch.randint(-20, 531, (3, channels, 5, 4), generator=generator) / 510
    dataset = Normalized(3) if normalized else Images(3)
    if normalized and channels == 1:
        dataset.transform = Normalize(MEAN[:1], STD[:1])
    if normalized:
        images = dataset.transform(images)
    images = images.to(dtype)
    certain, tied = torch.rand(2, 3, 5, 4, generator=generator) < 0.4
    tied &= ~certain
    room = tied.sum(dim=(1, 2)) // 2
    recovery = Display(dataset).recovery([0, 1, 2], images)
    assert recovery is not None
    foreground = (certain | tied) if seed % 2 else None
    there = Salient(*(part.to(device) for part in (certain, tied, room)))
    colors = DeviceColors(scheme, torch.device(device))
    known = None if foreground is None else foreground.to(device)
    counted = colors.counted(images.to(device), recovery, there, known)
    found = DeviceCounts(*(part.cpu() for part in counted))
    recovery.check(*found.extremes.tolist())
    counts = found.certain.numpy() + shared_out(found.tied.numpy(), room.numpy())
    rgb = Display(dataset).shown_batch([0, 1, 2], images)
    wanted = count_colors(rgb, certain.numpy(), tied.numpy(), room.numpy(), scheme)
    np.testing.assert_array_equal(counts[:, :-1], wanted)
    every = count_pixels(rgb, None if foreground is None else foreground.numpy(), scheme)
    np.testing.assert_array_equal(found.every.numpy()[:, :-1], every)


def passed(images: Images, *, later: bool, **options: object) -> Embedded:
    chosen = PassOptions(salient_fraction=0.2, device="cpu", batch_size=7, **options)
    samples = chosen.samples(chosen.images(images))
    return run_pass(
        network(), samples.recovered_later() if later else samples, chosen, progress=False
    )


@pytest.mark.parametrize("workers", [0, 1])
def test_a_pass_that_counts_on_the_device_gives_the_same(workers: int) -> None:
    images = Normalized(20)
    wanted, found = (
        passed(images, later=later, num_workers=workers).arrays() for later in (False, True)
    )
    assert wanted["color_counts"].sum() > 100
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        np.testing.assert_array_equal(found[name], array, name)


def test_the_foreground_holds_there_too() -> None:
    images = Images(9)
    half = np.arange(SIZE) < SIZE // 2
    images.foreground = lambda index: half[:, None] & np.roll(half, index)  # type: ignore[attr-defined]
    wanted, found = (passed(images, later=later).arrays() for later in (False, True))
    for name, array in wanted.items():
        np.testing.assert_array_equal(found[name], array, name)


@pytest.mark.parametrize(("value", "told"), [(1.5, "to 1.5"), (np.nan, "to nan")])
def test_values_that_are_no_colors_are_refused(value: float, told: str) -> None:
    images = Images(12)
    images.images[10, 1, 2, 3] = value
    for later in (False, True):
        with pytest.raises(DisplayError, match=f"values run from .*{told}, not in"):
            passed(images, later=later)


@pytest.mark.parametrize(
    ("images", "transform"),
    [
        (torch.zeros(2, 4, 3, 3), None),
        (torch.zeros(2, 3, 3, 3, dtype=torch.uint8), None),
        (torch.zeros(2, 1, 3, 3), Normalize(MEAN, STD)),
    ],
)
def test_what_the_host_must_recover(images: torch.Tensor, transform: object) -> None:
    dataset = Images(2)
    dataset.transform = transform  # type: ignore[attr-defined]
    assert Display(dataset).recovery([0, 1], images) is None
    assert Display(dataset, lambda image: image).recovery([0, 1], torch.zeros(2, 3, 3, 3)) is None

from __future__ import annotations

import pickle
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import ConcatDataset, Dataset, Subset

from imbxai_widgets.compute.reading.display import Display, ImageSource
from imbxai_widgets.compute.reading.transforms import DisplayError, normalization_of, random_steps
from imbxai_widgets.demo import load_images

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
PIXELS = np.random.default_rng(0).integers(0, 256, (5, 6, 3), dtype=np.uint8)
PIXELS[0, :2] = [[0], [255]]


class Pictures(Dataset[Any]):
    """The same picture at every index, as the transform leaves it; counts accesses."""

    def __init__(self, transform: Any, pixels: Any = PIXELS) -> None:
        self.transform, self.pixels = transform, pixels
        self.accesses = np.zeros(1, dtype=int)  # which a copy of the dataset shares

    def __len__(self) -> int:
        return 1000

    def __getitem__(self, index: int) -> tuple[Any, int]:
        self.accesses += 1
        return self.transform(Image.fromarray(self.pixels)), 0


class Normalize:
    """Not torchvision's, but it looks like it."""

    def __init__(self, mean: Any, std: Any) -> None:
        self.mean, self.std = mean, std

    def __call__(self, image: Any) -> Tensor:
        tensor = torch.from_numpy(np.array(image)).permute(2, 0, 1) / 255
        return (tensor - torch.tensor(self.mean)[:, None, None]) / torch.tensor(self.std)[
            :, None, None
        ]


def transforms_of(torchvision: ModuleType, kind: str) -> Any:
    v1, v2 = torchvision.transforms, torchvision.transforms.v2
    to_tensor = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True)]
    return {
        "v1": lambda: v1.Compose([v1.ToTensor(), v1.Normalize(MEAN, STD)]),
        "v1 nested": lambda: v1.Compose(
            [v1.ToTensor(), v1.Compose([v1.CenterCrop((5, 6)), v1.Normalize(MEAN, STD)])]
        ),
        "v2": lambda: v2.Compose([*to_tensor, v2.Normalize(MEAN, STD)]),
        "sequential": lambda: nn.Sequential(*to_tensor, v2.Normalize(MEAN, STD)),
        "list": lambda: v1.Compose([v1.ToTensor(), nn.Sequential(v1.Normalize(MEAN, STD))]),
        "none": lambda: v1.ToTensor(),
        "uint8": lambda: v2.PILToTensor(),
        "ours": lambda: Normalize(np.float32(MEAN), np.float32(STD)),
    }[kind]()


@pytest.mark.parametrize(
    "kind",
    ["v1", "v1 nested", "v2", "sequential", "list", "none", "uint8", "ours"],
)
def test_colors_come_back_exactly(torchvision: ModuleType, kind: str) -> None:
    dataset = Pictures(transforms_of(torchvision, kind))
    source = ImageSource(Subset(ConcatDataset([Pictures(None), dataset]), [1003]))
    assert source[0].dtype == np.uint8
    np.testing.assert_array_equal(source[0], PIXELS)


def test_the_transforms_of_pretrained_weights(torchvision: ModuleType) -> None:
    preset = torchvision.transforms._presets.ImageClassification(crop_size=5, resize_size=5)
    square = np.ascontiguousarray(PIXELS[:, :5])
    np.testing.assert_array_equal(ImageSource(Pictures(preset, square))[0], square)


def test_members_may_be_normalized_differently() -> None:
    a, b = (Pictures(Normalize(mean, STD)) for mean in (MEAN, (0.5, 0.2, 0.1)))
    source = ImageSource(ConcatDataset([a, b]))
    np.testing.assert_array_equal(source[0], source[1999])


def test_a_dataset_of_torchvision(torchvision: ModuleType) -> None:
    v1 = torchvision.transforms
    normalized = v1.Compose([v1.ToTensor(), v1.Normalize(MEAN, STD)])
    fake = partial(torchvision.datasets.FakeData, 3, (3, 8, 8), 2)
    raw = np.array(fake()[1][0])
    np.testing.assert_array_equal(ImageSource(fake(transform=normalized))[1], raw)


def test_the_demo_images_come_back_exactly() -> None:
    train, _ = load_images()
    source = ImageSource(train)
    for index in range(0, len(train), 200):
        assert torch.equal(train.transform(source[index]), train[index][0])


def test_only_standard_transforms_are_at_hand(torchvision: ModuleType) -> None:
    v1 = torchvision.transforms
    dataset = Pictures(v1.Compose([v1.ToTensor(), v1.Normalize(MEAN, STD)]))
    image = dataset[0][0]
    dataset.transforms = torchvision.datasets.vision.StandardTransform(  # type: ignore[attr-defined]
        dataset.transform, None
    )
    dataset.transform = None
    np.testing.assert_array_equal(Display(dataset).shown(0, image), PIXELS)


def test_gray_images_are_shown_gray(torchvision: ModuleType) -> None:
    v1 = torchvision.transforms
    gray = v1.Compose([v1.ToTensor(), v1.Normalize(0.13, 0.31)])
    shown = ImageSource(Pictures(gray, PIXELS[:, :, 0]))[0]
    np.testing.assert_array_equal(shown, np.repeat(PIXELS[:, :, :1], 3, axis=2))


def test_each_member_is_shown_by_its_own_normalization() -> None:
    other = tuple(2 * value for value in STD)
    members = [Pictures(Normalize(MEAN, STD)), Pictures(None), Pictures(Normalize(MEAN, other))]
    display = Display(ConcatDataset(members))
    image = torch.full((3, 2, 2), 0.5)
    for index, std in ((0, STD), (2000, other), (1, STD), (1000, None)):
        shown = image if std is None else image * torch.tensor(std)[:, None, None]
        if std is not None:
            shown = shown + torch.tensor(MEAN)[:, None, None]
        expected = np.rint(shown.numpy() * 255).clip(0, 255).transpose(1, 2, 0)
        np.testing.assert_array_equal(display.shown(index, image), expected)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("indices", [(1000, 1001, 7), (0, 1000, 2001), (0, 1, 2)])
def test_a_batch_is_shown_as_its_images_are(channels: int, indices: tuple[int, ...]) -> None:
    members = [Pictures(Normalize((0.4,), (0.2,))), Pictures(None), Pictures(Normalize(0.2, 0.5))]
    dataset = ConcatDataset(members)
    images = torch.rand(3, channels, 4, 5, generator=torch.Generator().manual_seed(0))
    shown = [Display(dataset).shown(*pair) for pair in zip(indices, images, strict=True)]
    np.testing.assert_array_equal(Display(dataset).shown_batch(indices, images), np.stack(shown))


def test_values_are_rounded_and_clipped() -> None:
    values = torch.tensor([[[-0.01, 1.01, 0.4999 / 255, 0.5001 / 255, 254.4 / 255]]])
    assert Display([]).shown(0, values)[0, :, 0].tolist() == [0, 255, 0, 1, 254]  # type: ignore[arg-type]


def opaque(image: Any) -> Any:
    return torch.nn.functional.normalize(image)


def errors_of(torchvision: ModuleType, kind: str) -> Any:
    v1 = torchvision.transforms
    normalize, to_tensor = v1.Normalize(MEAN, STD), v1.ToTensor()
    return {
        "no normalize": v1.Compose([to_tensor, v1.Lambda(lambda x: x * 4 - 2)]),
        "0..255": v1.Compose([to_tensor, v1.Lambda(lambda x: x * 255)]),
        "twice": v1.Compose([to_tensor, normalize, v1.Normalize(0.1, 0.2)]),
        "lambda": v1.Compose([to_tensor, v1.Lambda(lambda x: normalize(x))]),
        "function": v1.Compose([to_tensor, opaque]),
        "partial": v1.Compose([to_tensor, partial(opaque)]),
        "after lambda": v1.Compose([to_tensor, normalize, v1.Lambda(lambda x: x * 9)]),
        "sometimes": v1.Compose([to_tensor, v1.RandomApply([normalize], p=1.0)]),
        "units": v1.Compose([v1.PILToTensor(), lambda x: x.float(), v1.Normalize(120.0, 60.0)]),
    }[kind]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("no normalize", r"without a Normalize step .*, values run from -.* not in \[0, 1\]"),
        ("0..255", "values run from 0 to 255"),
        ("twice", r"more than once \(Normalize, Normalize\)"),
        ("lambda", "the step Lambda may normalize"),
        ("function", "the step function may normalize"),
        ("partial", "the step partial may normalize"),
        ("after lambda", "after inverting Normalize, values run"),
        ("sometimes", "applied to some images only"),
        ("units", r"after inverting Normalize, values run from 0 to 255"),
    ],
)
def test_what_is_uncertain_is_an_error(torchvision: ModuleType, kind: str, message: str) -> None:
    source = ImageSource(Pictures(errors_of(torchvision, kind)))
    with pytest.raises(DisplayError, match=message) as raised:
        source[0]
    assert "display_transform=lambda image: " in str(raised.value)


def test_noise_with_a_mean_is_not_taken_for_a_normalization() -> None:
    class AddNoise(Normalize):
        pass

    with pytest.raises(DisplayError, match="AddNoise may normalize, but it cannot be told how"):
        normalization_of(AddNoise(0.0, 0.1))


@pytest.mark.parametrize(
    ("mean", "std", "message"),
    [((0.5, 0.5), (1.0, 1.0), "2 means and 2 stds"), (MEAN, (0.0, 1.0, 1.0), "positive std")],
)
def test_normalizations_that_do_not_fit(mean: Any, std: Any, message: str) -> None:
    dataset = Pictures(Normalize(mean, std))
    with pytest.raises(DisplayError, match=message):
        Display(dataset).shown(0, torch.zeros(3, 2, 2))


@pytest.mark.parametrize(
    ("shape", "dtype", "message"),
    [((2, 2, 2), torch.float32, "not .1, 3 or 4, H, W"), ((3, 2, 2), torch.int64, "torch.int64")],
)
def test_tensors_that_are_no_images(shape: Any, dtype: Any, message: str) -> None:
    with pytest.raises(DisplayError, match=message):
        Display(Pictures(None)).shown(0, torch.zeros(shape, dtype=dtype))


@pytest.mark.parametrize(
    "display",
    [
        lambda _: PIXELS,
        lambda _: Image.fromarray(PIXELS),
        lambda _: Image.fromarray(PIXELS).convert("RGBA"),
        lambda _: torch.from_numpy(PIXELS).permute(2, 0, 1),
        lambda image: (image * 0.5) + 0.5,
    ],
)
def test_display_transform_decides(display: Any) -> None:
    dataset = Pictures(Normalize((0.5,) * 3, (0.5,) * 3))
    np.testing.assert_array_equal(ImageSource(dataset, display)[0], PIXELS)


@pytest.mark.parametrize(
    ("shown", "message"),
    [
        (PIXELS[:, :, :2], r"a uint8 array of shape \(5, 6, 2\)"),
        (PIXELS / 255, "an array of float64"),
        ("red", "'red'"),
        (torch.full((3, 2, 2), 2.0), "in display_transform, values run from 2 to 2"),
    ],
)
def test_what_display_transform_may_not_return(shown: Any, message: str) -> None:
    with pytest.raises(DisplayError, match=message):
        ImageSource(Pictures(Normalize(MEAN, STD)), lambda _: shown)[0]


def test_recent_images_are_kept_and_only_so_many() -> None:
    dataset = Pictures(Normalize(MEAN, STD))
    source = ImageSource(dataset)
    assert source[3] is source[np.int64(3)]
    assert dataset.accesses[0] == 1
    for index in range(600):
        source[index]
    assert source[599] is source[599]
    assert dataset.accesses[0] == 600  # 3 was still there
    source[0]
    assert dataset.accesses[0] == 601
    assert len(source._recent) == 512


def test_kept_images_cannot_be_overwritten() -> None:
    with pytest.raises(ValueError, match="read-only"):
        ImageSource(Pictures(Normalize(MEAN, STD)))[0][0] = 0


@pytest.mark.parametrize("index", [-1, 1000])
def test_images_that_are_not_there(index: int) -> None:
    with pytest.raises(IndexError, match=f"no image {index}; the dataset has 1000"):
        ImageSource(Pictures(None))[index]


def test_the_error_survives_a_worker_process() -> None:
    error = DisplayError.because("of this")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_random_steps_are_named(torchvision: ModuleType) -> None:
    v1, v2 = torchvision.transforms, torchvision.transforms.v2
    training = v1.Compose([v1.RandomCrop(4), v2.RandomApply([v2.ColorJitter()]), v1.ToTensor()])
    dataset = Subset(Pictures(training), [0])
    assert random_steps(dataset) == ("RandomCrop", "RandomApply", "ColorJitter")
    assert random_steps(Pictures(v1.Compose([v1.CenterCrop(4), v1.ToTensor()]))) == ()

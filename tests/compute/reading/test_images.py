from __future__ import annotations

import pickle
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import ConcatDataset, Dataset, Subset

from imbxai_widgets.compute.reading.display import Display, ImageSource
from imbxai_widgets.compute.reading.labeled_images import LabeledImages
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


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("indices", [(1000, 1001, 7), (0, 1000, 2001), (0, 1, 2)])
def test_a_batch_is_shown_as_its_images_are(channels: int, indices: tuple[int, ...]) -> None:
    members = [
        Pictures(Normalize((0.4,), (0.2,))),
        Pictures(None),
        Pictures(Normalize((0.2,), (0.5,))),
    ]
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


class ByImage:
    """Called as albumentations' steps are, with their modes and how often they run."""

    def __init__(self, normalization: str = "standard", largest: float = 255, p: float = 1) -> None:
        self.mean, self.std, self.max_pixel_value, self.p = MEAN, STD, largest, p
        self.normalization = normalization

    def __call__(self, *, image: np.ndarray) -> dict[str, np.ndarray]:
        x = image.astype(np.float32)
        axes = (0, 1) if self.normalization.endswith("per_channel") else None
        if self.normalization == "standard":
            x = x / self.max_pixel_value
            return {"image": (x - np.float32(self.mean)) / np.float32(self.std)}
        if self.normalization.startswith("min_max"):
            low, high = x.min(axis=axes), x.max(axis=axes)
            return {"image": (x - low) / (high - low)}
        return {"image": (x - x.mean(axis=axes)) / x.std(axis=axes)}


ByImage.__name__ = "Normalize"


class Steps:
    """A container that runs its steps as its name says."""

    def __init__(self, *steps: Any, p: float = 1) -> None:
        self.transforms, self.p = list(steps), p

    def __call__(self, picture: Image.Image) -> Tensor:
        found = {"image": np.array(picture)}
        for step in self.transforms:
            found = step(**found)
        return torch.from_numpy(found["image"]).permute(2, 0, 1)


class OneOf(Steps):
    pass


def test_albumentations_colors_come_back_exactly() -> None:
    np.testing.assert_array_equal(ImageSource(Pictures(Steps(ByImage())))[0], PIXELS)


@pytest.mark.parametrize("mode", ["image", "image_per_channel", "min_max", "min_max_per_channel"])
def test_modes_that_ignore_mean_and_std_are_refused(mode: str) -> None:
    source = ImageSource(Pictures(Steps(ByImage(mode))))
    message = f"with normalization='{mode}', the step Normalize does not give"
    with pytest.raises(DisplayError, match=message) as raised:
        source[0]
    assert "display_transform=lambda image: " in str(raised.value)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (Steps(ByImage(p=0.5)), "applied to some images only"),
        (Steps(ByImage(), p=0.5), "applied to some images only"),
        (OneOf(ByImage()), "applied to some images only"),
    ],
)
def test_steps_that_run_at_times_are_not_inverted(steps: Any, message: str) -> None:
    with pytest.raises(DisplayError, match=message):
        normalization_of(steps)


class Denormalize(Normalize):
    def __call__(self, image: Tensor) -> Tensor:
        mean, std = (torch.tensor(part)[:, None, None] for part in (self.mean, self.std))
        return image * std + mean


class InBatches(Normalize):
    """As kornia's, of whole batches alone."""

    def __call__(self, images: Tensor) -> Tensor:
        mean, std = (torch.tensor(part).view(1, -1, 1, 1) for part in (self.mean, self.std))
        assert images.ndim == 4
        return (images - mean) / std


class Reversed(Normalize):
    """Of blue, green and red, whatever the order of `mean`."""

    def __call__(self, image: Any) -> Tensor:
        return super().__call__(image).flip(0)


class Broken(Normalize):
    def __call__(self, image: Any) -> Tensor:
        raise RuntimeError(f"not now: {image}")


@pytest.mark.parametrize("kind", [Denormalize, Reversed, Broken])
def test_what_does_not_do_as_it_is_called_is_refused(kind: type[Normalize]) -> None:
    kind.__name__ = f"{kind.__name__}Normalize"
    with pytest.raises(DisplayError, match=r"does not give \(x - mean\) / std"):
        normalization_of([kind(MEAN, STD)])


def test_what_does_as_it_is_called_is_believed() -> None:
    InBatches.__name__ = "NormalizeInBatches"
    for step in (InBatches(MEAN, STD), Normalize(MEAN, STD), ByImage(), ByImage(largest=1)):
        found = normalization_of([step])
        assert found is not None
        np.testing.assert_array_equal(found.mean, np.float32(MEAN))
        np.testing.assert_array_equal(found.std, np.float32(STD))


class Files(Pictures):
    """Pictures of a folder, of smooth colors, as those of photographs are."""

    def __init__(self, folder: Path, transform: Any, mode: str = "RGB") -> None:
        super().__init__(transform)
        self.mode = mode
        self.samples = [(str(folder / f"{number}.png"), 0) for number in range(10)]
        for path, _ in self.samples:
            Image.fromarray(np.uint8([[[200, 90, 30], [180, 80, 60]]]).repeat(4, 0)).save(path)

    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> tuple[Any, int]:
        with Image.open(self.samples[index][0]) as picture:
            return self.transform(picture.convert(self.mode)), 0


ORIGINALS = {
    "as it is": (lambda x: x, True),
    "mirrored": (lambda x: x.flip(-1), True),
    "gray": (lambda x: (x * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(0)[None], True),
    "other size": (lambda x: x.flip(0)[:, :2], True),
    "blue first": (lambda x: x.flip(0), False),
    "stretched": (lambda x: (x - x.min()) / (x.max() - x.min()), False),
    "too dark": (lambda x: x / 255, False),
}


@pytest.mark.parametrize("kind", ORIGINALS)
def test_images_of_files_have_their_colors(
    torchvision: ModuleType, tmp_path: Path, kind: str
) -> None:
    change, fits = ORIGINALS[kind]
    v1 = torchvision.transforms
    for normalize in ([], [v1.Normalize(0.5, 0.25)]):
        dataset = Files(tmp_path, v1.Compose([v1.ToTensor(), change, *normalize]))
        images = torch.stack([dataset[index][0] for index in range(3)])
        for show in (
            lambda data: ImageSource(data)[3],
            lambda data, images=images: Display(data).shown_batch(range(3), images),
        ):
            if fits:
                assert show(dataset).shape[-1] == 3
                continue
            with pytest.raises(DisplayError, match=r"image [03] has other colors than its file"):
                show(dataset)


@pytest.mark.parametrize("stored", ["in memory", "in files"])
@pytest.mark.parametrize("mode", ["RGBA", "CMYK"])
def test_four_channels_are_opacity_where_the_picture_has_it(
    torchvision: ModuleType, tmp_path: Path, mode: str, stored: str
) -> None:
    picture = Image.fromarray(PIXELS).convert(mode)
    to_tensor = torchvision.transforms.ToTensor()
    if mode == "RGBA":
        picture.putpixel((0, 0), (10, 20, 30, 0))
    dataset: Any = LabeledImages([(picture, 0)] * 2, transform=to_tensor)
    images = torch.stack([to_tensor(picture)] * 2)
    if stored == "in files":
        path = tmp_path / f"picture.{'png' if mode == 'RGBA' else 'tif'}"
        picture.save(path)
        dataset = Files(tmp_path, to_tensor, mode)
        dataset.samples = [(str(path), 0)] * 10
    if mode == "CMYK":
        with pytest.raises(DisplayError, match="four channels"):
            Display(dataset).shown_batch([0, 1], images)
        return
    expected = PIXELS.copy()
    expected[0, 0] = 255
    for shown in Display(dataset).shown_batch([0, 1], images), [ImageSource(dataset)[1]]:
        np.testing.assert_array_equal(shown[-1], expected)


def test_eight_images_are_compared_and_none_of_random_transforms(
    torchvision: ModuleType, tmp_path: Path
) -> None:
    v1 = torchvision.transforms
    dataset = Files(tmp_path, v1.Compose([v1.ToTensor()]))
    source = ImageSource(dataset)
    for index in range(8):
        source[index]
    dataset.transform.transforms.append(lambda x: x.flip(0))
    assert source[8][0, 0].tolist() == [30, 90, 200]
    dataset.transform.transforms.append(v1.RandomErasing(p=0.0))
    assert ImageSource(dataset)[9][0, 0].tolist() == [30, 90, 200]


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
    [
        ((2, 2, 2), torch.float32, "not .1 or 3, H, W"),
        ((4, 2, 2), torch.float32, "opacity or another band, as near infrared, cannot be told"),
        ((4, 2, 2), torch.uint8, "the image has four channels"),
        ((3, 2, 2), torch.int64, "torch.int64"),
    ],
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
        (torch.zeros(4, 2, 2), "in display_transform, the image has four channels"),
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

"""The committed images: counts, split, duplicates, background, and how the datasets behave."""

from __future__ import annotations

import pickle
from collections import Counter

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from imbxai_widgets.demo.images import (
    CLASSES,
    MEAN,
    STD,
    EmojiDataset,
    EmojiRecord,
    load_images,
)

TRAINING_COUNTS = (433, 365, 314, 198, 166, 174, 100, 66, 66, 40)
VALIDATION_COUNTS = (184, 158, 134, 86, 70, 74, 44, 28, 28, 18)


@pytest.fixture(scope="module")
def splits() -> tuple[EmojiDataset, EmojiDataset]:
    return load_images()


@pytest.fixture(scope="module")
def train(splits: tuple[EmojiDataset, EmojiDataset]) -> EmojiDataset:
    return splits[0]


def alpha_of(dataset: EmojiDataset) -> np.ndarray:
    return dataset._alpha


def test_classes_and_their_sizes(splits: tuple[EmojiDataset, EmojiDataset]) -> None:
    for dataset, counts in zip(splits, (TRAINING_COUNTS, VALIDATION_COUNTS), strict=True):
        assert dataset.classes == CLASSES
        assert tuple(np.bincount(dataset.targets)) == counts
        assert len(dataset) == sum(counts) == len(dataset.records) == len(dataset.images)


def test_no_emoji_is_on_both_sides(splits: tuple[EmojiDataset, EmojiDataset]) -> None:
    training, validation = ({record.emoji for record in split.records} for split in splits)
    assert not training & validation
    assert len(training | validation) == 1385


def test_each_vendor_draws_an_emoji_once(splits: tuple[EmojiDataset, EmojiDataset]) -> None:
    drawn = Counter(record for split in splits for record in split.records)
    assert set(drawn.values()) == {1}
    vendors = Counter(record.vendor for record in drawn)
    assert vendors == {"google": 1383, "twitter": 1363}


@pytest.mark.parametrize("vendor", ["google", "twitter"])
def test_no_near_duplicates_within_a_vendor(
    splits: tuple[EmojiDataset, EmojiDataset], vendor: str
) -> None:
    pixels = np.concatenate(
        [split.images[[r.vendor == vendor for r in split.records]] for split in splits]
    )
    flat = pixels.reshape(len(pixels), -1) / 255.0
    norms = np.square(flat).sum(axis=1)
    squares = (norms[:, None] + norms - 2 * flat @ flat.T) / flat.shape[1]
    np.fill_diagonal(squares, np.inf)
    assert squares.min() >= 0.02**2


def test_background_is_white(splits: tuple[EmojiDataset, EmojiDataset]) -> None:
    for split in splits:
        transparent = alpha_of(split) == 0
        assert transparent.mean() > 0.2
        assert (split.images[transparent] == 255).all()


def test_foreground_is_where_the_drawing_covers_half_a_pixel(train: EmojiDataset) -> None:
    for index in range(0, len(train), 97):
        foreground = train.foreground(index)
        assert foreground.shape == (32, 32)
        assert foreground.dtype == np.bool_
        assert (foreground == (alpha_of(train)[index] > 127)).all()


def test_every_image_has_a_foreground(splits: tuple[EmojiDataset, EmojiDataset]) -> None:
    assert min(split.foreground(i).sum() for split in splits for i in range(len(split))) == 60


def test_known_images(train: EmojiDataset) -> None:
    assert train.records[0] == EmojiRecord("👶", "baby", "google")
    assert train.records[1] == EmojiRecord("👶", "baby", "twitter")
    index = train.records.index(EmojiRecord("🍎", "red apple", "twitter"))
    image, label = train[index]
    assert train.classes[label] == "Food"
    red, green, blue = train.images[index][train.foreground(index)].mean(axis=0)
    assert red > 180 > 100 > max(green, blue)
    assert image.shape == (3, 32, 32)
    assert image.dtype == torch.float32
    assert isinstance(label, int)


def test_normalizing_can_be_undone_exactly(train: EmojiDataset) -> None:
    normalize = train.transform.transforms[-1]
    assert type(normalize).__name__ == "Normalize"
    mean, std = (torch.tensor(values)[:, None, None] for values in (normalize.mean, normalize.std))
    for index in range(0, len(train), 61):
        colors = (train[index][0] * std + mean).mul(255).round().permute(1, 2, 0)
        assert (colors.numpy() == train.images[index]).all()


def test_mean_and_std_are_those_of_the_training_images(train: EmojiDataset) -> None:
    pixels = train.images.reshape(-1, 3) / 255.0
    np.testing.assert_allclose(pixels.mean(axis=0), MEAN, atol=5e-5)
    np.testing.assert_allclose(pixels.std(axis=0), STD, atol=5e-5)


def test_negative_and_numpy_indices(train: EmojiDataset) -> None:
    last = len(train) - 1
    for index in (-1, np.int64(last), np.int64(-1)):
        image, label = train[index]
        assert torch.equal(image, train[last][0])
        assert label == train.targets[last]
        assert (train.foreground(index) == train.foreground(last)).all()
    assert torch.equal(train[-len(train)][0], train[0][0])


@pytest.mark.parametrize("index", [1922, -1923])
def test_wrong_index(train: EmojiDataset, index: int) -> None:
    message = f"index {index} is out of range: the dataset has 1922 images, from 0 to 1921"
    with pytest.raises(IndexError, match=message):
        train[index]
    with pytest.raises(IndexError, match=message):
        train.foreground(index)


def test_index_must_be_a_number(train: EmojiDataset) -> None:
    with pytest.raises(TypeError):
        train[1.0]  # type: ignore[index]


def test_iteration_ends() -> None:
    few = EmojiDataset(
        np.zeros((3, 32, 32, 4), np.uint8), [0, 1, 2], [EmojiRecord("x", "x", "google")] * 3
    )
    assert [label for _, label in few] == [0, 1, 2]


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="equally many, but are 2, 1 and 0"):
        EmojiDataset(np.zeros((2, 32, 32, 4), np.uint8), [0], [])


def test_images_cannot_be_changed_by_mistake(train: EmojiDataset) -> None:
    with pytest.raises(ValueError, match="read-only"):
        train.images[0, 0, 0, 0] = 0
    train[0][0].zero_()
    assert train[0][0].any()


def test_worker_processes(train: EmojiDataset) -> None:
    loader = DataLoader(train, 512, num_workers=1, multiprocessing_context="spawn")
    labels = torch.cat([labels for _, labels in loader])
    assert tuple(labels.tolist()) == train.targets


def test_pickled_copy_is_equal(train: EmojiDataset) -> None:
    copy = pickle.loads(pickle.dumps(train))
    assert torch.equal(copy[5][0], train[5][0])
    assert copy.records == train.records

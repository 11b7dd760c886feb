from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import Dataset

from imbxai_widgets.compute.reading.labeled_images import LabeledImages, ReadError
from imbxai_widgets.compute.reading.labels import label_number, label_numbers
from imbxai_widgets.compute.reading.randomness import changing_image

N_CLASSES = 300  # more than a byte holds
NAMES = [f"class {(7 * label) % N_CLASSES}" for label in range(N_CLASSES)]  # not in order
NUMBERS = {name: label for label, name in enumerate(NAMES)}
FORMS: dict[str, Any] = {
    "int": int,
    "int16": np.int16,
    "uint64": np.uint64,
    "array of one": lambda label: np.array([label]),
    "tensor": torch.tensor,
    "tensor of one": lambda label: torch.tensor([label]),
    "name": lambda label: NAMES[label],
    "one-hot list": lambda label: np.eye(N_CLASSES, dtype=int)[label].tolist(),
    "one-hot floats": lambda label: torch.eye(N_CLASSES)[label],
    "one-hot half": lambda label: torch.eye(N_CLASSES, dtype=torch.bfloat16)[label],
    "one-hot bools": lambda label: np.eye(N_CLASSES, dtype=bool)[label],
}


@given(st.lists(st.tuples(st.integers(0, N_CLASSES - 1), st.sampled_from(list(FORMS))), max_size=8))
def test_labels_in_any_form_are_those_of_integers(drawn: list[tuple[int, str]]) -> None:
    expected = [label for label, _ in drawn]
    labels = [FORMS[form](label) for label, form in drawn]
    assert label_numbers(labels, NUMBERS).tolist() == expected
    assert [label_number(label, NUMBERS) for label in labels] == expected


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ([0.2, 0.8], "that are soft have no one class"),
        ([1, 1, 0], "of several classes or none"),
        ([0, 0], "of several classes or none"),
        (1.0, "convert it with int"),
        (-1, "must not be negative.*-1 often marks them"),
        (None, "must be an integer, a class name or a one-hot vector"),
        ([[0, 1]], "must be an integer, a class name or a one-hot vector"),
        ("cow", "is not a class name.* 'class 0', "),
    ],
)
def test_what_is_no_label(label: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        label_number(label, NUMBERS)


def test_names_without_an_order_are_not_put_in_one() -> None:
    with pytest.raises(ReadError, match=r"image 0 .* pass class_names .* the alphabet's"):
        LabeledImages([(torch.ones(1, 2, 2), "cat")])[0]


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        ({"img": 1, "image": 1, "label": 0}, "'img', 'image' may each be the image; pass keys"),
        ({"image": 1, "breed": 0}, "'image', 'breed', of which none is known to be the label"),
        ((1, 2, 3), "but is 3 values; pass keys"),
    ],
)
def test_samples_that_are_not_certain(sample: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LabeledImages([sample])[0]


def test_one_of_several_datasets_is_asked_for() -> None:
    with pytest.raises(ValueError, match="not the dict of 'train', 'test'; pass one"):
        LabeledImages({"train": [], "test": []})


@pytest.mark.parametrize("draw", [random.random, np.random.rand, lambda: torch.rand(()).item()])
def test_a_changing_image_is_found_and_the_generators_are_kept(draw: Any) -> None:
    class Noisy(Dataset[Any]):
        def __len__(self) -> int:
            return 30

        def __getitem__(self, index: int) -> Any:
            if index == 0:
                raise OSError("broken")
            return torch.full((1, 2, 2), draw()), 0

    def next_numbers() -> tuple[float, ...]:
        return random.random(), np.random.rand(), torch.rand(()).item()  # noqa: NPY002

    random.seed(3), np.random.seed(3), torch.manual_seed(3)  # noqa: NPY002
    expected = next_numbers()
    random.seed(3), np.random.seed(3), torch.manual_seed(3)  # noqa: NPY002
    assert changing_image(LabeledImages(Noisy())) == 4
    assert next_numbers() == expected
    assert changing_image(LabeledImages([(torch.full((1, 2, 2), torch.nan), 0)])) is None

"""An analysis made of arrays is the one that the network's own pass gives."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from torch import nn

from imbxai_widgets import Analysis, Explorer, analyze
from imbxai_widgets.analysis import Head
from imbxai_widgets.analysis.from_arrays import _embedded

C, D = 4, 6


@pytest.fixture(scope="module")
def data() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, C, 60)
    embeddings = rng.normal(size=(60, D)).astype(np.float32)
    embeddings[np.arange(60), labels] += 2
    logits = embeddings @ rng.normal(size=(D, C)).astype(np.float32)
    return embeddings, labels, logits


def test_arrays_give_what_the_pass_over_the_images_gives() -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(50, 3, 4, 4, generator=generator)
    labels = torch.randint(0, C, (50,), generator=generator)
    pairs = [(image, int(label)) for image, label in zip(images, labels, strict=True)]
    body = [nn.Conv2d(3, D, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    model = nn.Sequential(*body, nn.Linear(D, C))
    seen = analyze(model, pairs, validation=pairs[:20], salient_fraction=None, progress=False)
    with torch.no_grad():
        embeddings = model[:-1](images)
        logits = model[-1](embeddings)
    given = Analysis.from_arrays(
        embeddings, labels, logits, validation=(embeddings[:20], labels[:20], logits[:20])
    )
    assert given.classes().equals(seen.classes())
    assert given.adversaries().equals(seen.adversaries())
    assert given.validation_errors().equals(seen.validation_errors())
    tables = [each.feature_overlap("1") for each in (given, seen)]
    one, other = (table.drop(columns="share_apart") for table in tables)  # which takes the head
    assert one.equals(other)
    assert_array_equal(given.neighbors, seen.neighbors)
    assert_array_equal(given.train.top.classes, seen.train.top.classes)
    np.testing.assert_allclose(
        given.train.top.probabilities, seen.train.top.probabilities, rtol=1e-5
    )
    assert given.color_counts is None


def test_logits_probabilities_and_predictions_agree(data: tuple[Any, Any, Any]) -> None:
    embeddings, labels, logits = data
    of_logits = Analysis.from_arrays(embeddings, labels, logits)
    shares = torch.from_numpy(logits).softmax(dim=1)
    of_shares = Analysis.from_arrays(embeddings, labels, shares.half())
    of_predictions = Analysis.from_arrays(embeddings, labels, logits.argmax(axis=1))
    for other in (of_shares, of_predictions):
        assert other.classes().equals(of_logits.classes())
        assert other.adversaries().equals(of_logits.adversaries())
    np.testing.assert_allclose(of_shares.train.confidences, of_logits.train.confidences, atol=2e-3)
    assert np.isnan(of_predictions.train.confidences).all()
    assert of_predictions.image_table()["confidence"].isna().all()


def test_a_head_that_is_given_makes_the_logits(data: tuple[Any, Any, Any]) -> None:
    embeddings, labels, logits = data
    weight = np.linalg.lstsq(embeddings.astype(np.float64), logits, rcond=None)[0].T
    shares = torch.from_numpy(logits).softmax(dim=1)
    for outputs in (logits, logits.astype(np.float16), shares, logits.argmax(axis=1)):
        held_out = (embeddings[:7], labels[:7], outputs[:7])
        given = Analysis.from_arrays(
            embeddings, labels, outputs, validation=held_out, head=Head(weight)
        )
        assert given.validation is not None
        np.testing.assert_allclose(given.validation.logits(), logits[:7], atol=1e-4)
        np.testing.assert_allclose(given.train.logits([9, 3]), logits[[9, 3]], atol=1e-4)
        np.testing.assert_allclose(given.train.logits(slice(4, 6)), logits[4:6], atol=1e-4)


def test_without_a_head_logits_say_what_is_missing(data: tuple[Any, Any, Any]) -> None:
    plain = Analysis.from_arrays(*data, validation=tuple(part[:7] for part in data))
    assert plain.head is None
    assert plain.validation is not None
    assert_array_equal(plain.validation.embeddings, data[0][:7])
    with pytest.raises(ValueError, match="from_arrays was not given head"):
        plain.validation.logits()


def test_rows_of_logits_are_checked(data: tuple[Any, Any, Any]) -> None:
    weight = np.linalg.lstsq(data[0].astype(np.float64), data[2], rcond=None)[0].T
    split = Analysis.from_arrays(*data, head=Head(weight)).train
    assert split.logits([]).shape == (0, C)
    with pytest.raises(ValueError, match="rows must"):
        split.logits([60])
    with pytest.raises(ValueError, match="rows must"):
        split.logits([-1])
    with pytest.raises(ValueError, match="rows must"):
        split.logits(np.ones(60, dtype=bool))


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (Head(np.ones((C, D))), "head does not give the outputs: those of image 0"),
        (Head(np.ones((C, D + 1))), r"weight of head must be \(4, 6\)"),
        (np.ones((C, D)), "must be an imbxai_widgets.analysis.Head, not ndarray"),
    ],
)
def test_another_head_is_refused(data: tuple[Any, Any, Any], head: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Analysis.from_arrays(*data, head=head)


def test_a_head_must_also_give_the_validation_outputs(data: tuple[Any, Any, Any]) -> None:
    embeddings, labels, logits = data
    weight = np.linalg.lstsq(embeddings.astype(np.float64), logits, rcond=None)[0].T
    other = logits[:7].copy()
    other[3, 0] += 0.01
    with pytest.raises(ValueError, match="the validation outputs: those of image 3"):
        Analysis.from_arrays(
            *data, validation=(embeddings[:7], labels[:7], other), head=Head(weight)
        )


@pytest.mark.parametrize("probabilities", [False, True])
def test_outputs_on_disk_are_never_in_memory_whole(tmp_path: Path, probabilities: bool) -> None:
    size, classes = 40_000, 400
    outputs = np.memmap(tmp_path / "outputs", np.float32, "w+", shape=(size, classes))
    rng = np.random.default_rng(0)
    outputs[:] = rng.normal(size=(size, classes)).astype(np.float32)
    if probabilities:
        outputs[:] = torch.from_numpy(outputs).softmax(dim=1)
    outputs.flush()
    outputs = np.memmap(tmp_path / "outputs", np.float32, "r", shape=(size, classes))
    embeddings, labels = rng.normal(size=(size, 2)), rng.integers(0, classes, size)
    labels.setflags(write=False)
    tracemalloc.start()
    found = _embedded(embeddings, labels, outputs, classes, "")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < outputs.nbytes / 2
    order = np.argsort(-outputs, axis=1, kind="stable")[:, :10]
    assert_array_equal(found.top.classes, order)
    shares = outputs if probabilities else torch.tensor(outputs).softmax(dim=1).numpy()
    expected = np.take_along_axis(shares, order, 1)
    np.testing.assert_allclose(found.top.probabilities, expected, rtol=1e-5)
    np.testing.assert_allclose(found.top.of_labels, shares[np.arange(size), labels], rtol=1e-5)


def test_outputs_in_bfloat16_are_taken(data: tuple[Any, Any, Any]) -> None:
    embeddings, labels, logits = data
    half = torch.from_numpy(logits).bfloat16()
    found = Analysis.from_arrays(torch.from_numpy(embeddings), labels, half)
    assert found.classes().equals(Analysis.from_arrays(embeddings, labels, half.float()).classes())


@pytest.mark.parametrize("shape", [(60, 5, 7, 3), (60, 5, 7)])
def test_pictures_are_shown_and_saved_analyses_come_back(
    data: tuple[Any, Any, Any], shape: tuple[int, ...], tmp_path: Any
) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    analysis = Analysis.from_arrays(*data, images=pictures, class_names=["a", "b", "c", "d"])
    assert analysis.images is not None
    green = pictures[3, ..., 1] if len(shape) == 4 else pictures[3]
    assert_array_equal(analysis.images[3][..., 1], green)
    explorer = Explorer(analysis)
    assert explorer.selected_class in analysis.class_names
    assert Analysis.load(analysis.save(tmp_path / "run")).classes().equals(analysis.classes())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": np.full(60, 9)}, r"^labels must lie in 0\.\.3, but holds 9"),
        ({"labels": np.zeros(60)}, r"^labels must hold integers, not float64"),
        ({"labels": np.zeros(59, dtype=int)}, r"^labels must have the shape \(60\)"),
        ({"outputs": np.zeros((59, C))}, r"^outputs must be \(60, C\) logits or probabilities"),
        ({"outputs": np.full((60, C), np.nan)}, r"^outputs must be finite, but 60 of 60 rows"),
        ({"embeddings": np.full((60, D), 1e300)}, r"^embeddings must lie within .* float32"),
        ({"k": 60}, r"^k=60 neighbors need at least 61 images"),
        ({"k": 0}, r"^k must be a whole number of at least 1"),
        ({"class_names": ["a"]}, r"^class_names gives 1 class names, but the model has 4 logits"),
        ({"images": np.zeros((3, 2, 2), dtype=np.uint8)}, r"^images must be 60, one for each row"),
        (
            {"images": np.zeros((60, 2, 2))},
            r"^images must be \(N, H, W, 3\) or .* of uint8",
        ),
        ({"labels": np.zeros((60, 1), dtype=int)}, r"^labels must be .* \(N,\), not \(60, 1\)"),
        ({"labels": np.zeros((60, C), dtype=int)}, r"^labels must be .*argmax\(axis=1\) if they"),
        (
            {"validation": (np.zeros((2, D)), [[0], [1]], np.zeros((2, C)))},
            r"^labels must be .* \(N,\), not \(2, 1\)",
        ),
        ({"labels": np.full(60, 2**63, dtype=np.uint64)}, r"^labels must be smaller than 2\*\*63"),
        ({"validation": (1, 2)}, r"^validation must be a tuple \(embeddings, labels, outputs\)"),
        ({"validation_images": []}, r"^validation_images were given, but no validation"),
        (
            {"validation": (np.zeros((2, 3)), [0, 1], [1, 1])},
            r"^validation embeddings have 3 features, but the training images 6",
        ),
        (
            {"validation": (np.zeros((2, D)), [0, 1], np.zeros((2, 5)))},
            r"^outputs must have one number of classes, not \[4, 5\]",
        ),
    ],
)
def test_wrong_arrays_are_refused_by_name(
    data: tuple[Any, Any, Any], change: dict[str, Any], message: str
) -> None:
    arguments = dict(zip(("embeddings", "labels", "outputs"), data, strict=True)) | change
    with pytest.raises(ValueError, match=message):
        Analysis.from_arrays(**arguments)


@pytest.mark.filterwarnings("ignore:for .* equally near:UserWarning")
def test_classes_of_predictions_alone_are_counted_over_both_splits() -> None:
    points = np.arange(4.0)[:, np.newaxis]
    held_out = (points, [0, 1, 2, 3], [0, 1, 2, 2])
    analysis = Analysis.from_arrays(points, [0, 0, 1, 1], [0, 1, 1, 1], validation=held_out, k=1)
    assert analysis.class_names == ("0", "1", "2", "3")


@pytest.mark.parametrize("stray", [10**12, 2**62, 10**6])
@pytest.mark.parametrize("where", ["labels", "outputs", "validation"])
def test_one_stray_label_is_named_before_memory_is_taken(stray: int, where: str) -> None:
    points = np.arange(6.0)[:, np.newaxis]
    codes = np.array([0, 0, 1, 1, 2, 2])
    torn = np.array([0, 0, 1, stray, 2, 2])
    given = {"labels": codes, "outputs": codes, "validation": (points, codes, codes)}
    given[where] = torn if where != "validation" else (points, torn, codes)
    tracemalloc.start()
    with pytest.raises(ValueError, match=rf"holds {stray} \(number 3\), .* {stray + 1:,} classes"):
        Analysis.from_arrays(points, **given, k=1)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()
    with pytest.raises(ValueError, match=rf"must lie in 0..2, but holds {stray}"):
        Analysis.from_arrays(points, **given, k=1, class_names=["a", "b", "c"])


def test_images_of_other_labels_are_refused(data: tuple[Any, Any, Any]) -> None:
    pictures = torch.zeros((60, 3, 2, 2), dtype=torch.uint8)
    _, labels, _ = data
    pairs = list(zip(pictures, labels.tolist(), strict=True))
    held_out = tuple(array[:20] for array in data)
    shown = Analysis.from_arrays(
        *data, images=pairs, validation=held_out, validation_images=pairs[:20]
    )
    assert shown.images is not None
    assert Analysis.from_arrays(*data, images=list(pictures)).images is not None
    with pytest.raises(ValueError, match=r"^images are not .* image \d+ has label .* another"):
        Analysis.from_arrays(*data, images=pairs[::-1])
    wrong = [(image, (label + 1) % C) for image, label in pairs[:20]]
    with pytest.raises(ValueError, match=r"^validation_images are not .* image 0 has label"):
        Analysis.from_arrays(*data, validation=held_out, validation_images=wrong)
    named = [(image, "abcd"[label]) for image, label in pairs]
    names = list("abcd")
    assert Analysis.from_arrays(*data, images=named, class_names=names).images is not None
    with pytest.raises(ValueError, match=r"^images are not those of the labels given"):
        Analysis.from_arrays(*data, images=named, class_names=names[::-1])


def test_sigmoids_are_neither_logits_nor_probabilities(data: tuple[Any, Any, Any]) -> None:
    embeddings, labels, outputs = data
    sigmoids = 1 / (1 + np.exp(-np.asarray(outputs, dtype=np.float64)))
    with pytest.raises(ValueError, match=r"^outputs all lie between 0 and 1, as sigmoids do"):
        Analysis.from_arrays(embeddings, labels, sigmoids)
    logits = np.log(sigmoids / (1 - sigmoids))
    found = Analysis.from_arrays(embeddings, labels, logits)
    expected = Analysis.from_arrays(embeddings, labels, outputs)
    np.testing.assert_allclose(
        found.train.top.probabilities, expected.train.top.probabilities, rtol=1e-4
    )


def test_names_of_both_datasets_of_images_are_compared(data: tuple[Any, Any, Any]) -> None:
    def pictures(*names: str) -> Any:
        found = torch.utils.data.TensorDataset(torch.rand(len(data[1]), 3, 4, 4))
        found.classes = names
        return found

    options = {"images": pictures(*"abcd"), "validation_images": pictures(*"abd")}
    with pytest.raises(ValueError, match="validation gives label 2 the name 'd', but dataset"):
        Analysis.from_arrays(*data, validation=data, **options)
    # What class_names name are the labels given, whatever the datasets call them.
    found = Analysis.from_arrays(*data, validation=data, class_names=list("wxyz"), **options)
    assert found.class_names == tuple("wxyz")

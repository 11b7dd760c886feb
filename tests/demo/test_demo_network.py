"""The committed network: its accuracies, how it loads, and how it is trained."""

from __future__ import annotations

import json
import socket
import time
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from imbxai_widgets.demo import Demo, load_demo
from imbxai_widgets.demo import train as training_script
from imbxai_widgets.demo.images import EmojiDataset, EmojiRecord
from imbxai_widgets.demo.network import WEIGHTS, ResNet20
from imbxai_widgets.demo.train import augment, class_accuracies, predict, save, train

# Correct predictions by class, of as many images as test_demo_images.py pins.
TRAINING_CORRECT = (426, 365, 312, 188, 166, 159, 96, 41, 58, 31)
VALIDATION_CORRECT = (181, 150, 109, 56, 60, 40, 29, 4, 14, 3)


@pytest.fixture(scope="module")
def demo() -> Demo:
    return load_demo()


@pytest.fixture(scope="module")
def correct(demo: Demo) -> dict[str, np.ndarray]:
    """Correct predictions by class, of both splits."""
    counts = {}
    for split, dataset in (("training", demo.train), ("validation", demo.validation)):
        targets = np.array(dataset.targets)
        hits = targets[predict(demo.model, dataset) == targets]
        counts[split] = np.bincount(hits, minlength=len(dataset.classes))
    return counts


@pytest.mark.parametrize(
    ("split", "expected"), [("training", TRAINING_CORRECT), ("validation", VALIDATION_CORRECT)]
)
def test_accuracy_of_each_class(
    correct: dict[str, np.ndarray], split: str, expected: tuple[int, ...]
) -> None:
    # One image of a class may tip over where another processor rounds otherwise.
    np.testing.assert_allclose(correct[split], expected, rtol=0, atol=1)


def test_enough_training_errors_remain_to_find_adversaries_by(
    demo: Demo, correct: dict[str, np.ndarray]
) -> None:
    errors = np.bincount(demo.train.targets) - correct["training"]
    assert (errors >= 5).sum() >= 5


def test_written_accuracies_are_those_of_the_weights(
    demo: Demo, correct: dict[str, np.ndarray]
) -> None:
    written = json.loads((files("imbxai_widgets.demo") / "data/accuracies.json").read_text())
    for split, dataset in (("training", demo.train), ("validation", demo.validation)):
        images = np.bincount(dataset.targets)
        shares = [written[split]["classes"][name] for name in dataset.classes]
        np.testing.assert_allclose(shares * images, correct[split], rtol=0, atol=1.01)
        total = written[split]["all"] * images.sum()
        np.testing.assert_allclose(total, correct[split].sum(), rtol=0, atol=4)


def test_model_is_ready_to_use(demo: Demo) -> None:
    assert isinstance(demo.model, ResNet20)
    assert not any(module.training for module in demo.model.modules())
    assert {parameter.device.type for parameter in demo.model.parameters()} == {"cpu"}
    assert sum(parameter.numel() for parameter in demo.model.parameters()) == 269_722


def test_head_takes_64_feature_embeddings(demo: Demo) -> None:
    seen: list[torch.Tensor] = []
    handle = demo.model.head.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    images = torch.stack([demo.train[index][0] for index in range(3)])
    with torch.no_grad():
        logits = demo.model(images)
    handle.remove()
    assert seen[0].shape == (3, 64)
    assert (seen[0] >= 0).all()
    assert torch.equal(demo.model.head(seen[0]), logits)


def test_loads_fast_and_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("load_demo() must not use the network")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    start = time.perf_counter()
    model, training, validation = load_demo()
    assert time.perf_counter() - start < 5
    assert isinstance(model, ResNet20)
    assert len(training) > len(validation) > 0


def small_set(count: int) -> EmojiDataset:
    """Return images of two plain colors, which are their classes."""
    targets = [index % 2 for index in range(count)]
    colors = np.array([(200, 30, 30, 255), (30, 30, 200, 255)], np.uint8)[targets]
    images = np.broadcast_to(colors[:, None, None], (count, 32, 32, 4))
    return EmojiDataset(images, targets, [EmojiRecord("x", "x", "google")] * count)


def test_augmented_images_are_shifted_and_mirrored_ones() -> None:
    random = np.random.default_rng(0)
    image = random.integers(0, 255, (32, 32, 3), dtype=np.uint8)
    padded = np.full((40, 40, 3), 255, np.uint8)
    padded[4:36, 4:36] = image
    windows = {
        (top, left, mirrored): padded[top : top + 32, left : left + 32][:, ::mirrored]
        for top in range(9)
        for left in range(9)
        for mirrored in (1, -1)
    }
    by_bytes = {window.tobytes(): case for case, window in windows.items()}
    batch = torch.tensor(image).expand(500, 32, 32, 3)
    result = augment(batch, torch.Generator().manual_seed(0)).numpy()
    cases = [by_bytes[np.ascontiguousarray(one).tobytes()] for one in result]
    assert {top for top, _, _ in cases} == {left for _, left, _ in cases} == set(range(9))
    assert 200 < sum(mirrored == 1 for _, _, mirrored in cases) < 300


def test_training_learns() -> None:
    dataset = small_set(128)
    model = train(dataset, epochs=5, seed=1)
    assert not model.training
    assert class_accuracies(model, dataset) == {
        name: 1.0 if name in ("People", "Flags") else None for name in dataset.classes
    }


def test_training_can_be_repeated() -> None:
    first, again, other = (
        train(small_set(32), epochs=1, seed=seed).head.weight for seed in (1, 1, 2)
    )
    torch.testing.assert_close(again, first)
    assert not torch.allclose(other, first, atol=1e-3)


def test_training_leaves_the_global_generator_alone() -> None:
    before = torch.random.get_rng_state()
    train(small_set(8), epochs=1)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_script_writes_weights_that_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sets = small_set(16), small_set(6)
    monkeypatch.setattr(training_script, "load_images", lambda: sets)
    training_script.main(["--epochs", "1", "--output", str(tmp_path / "new")])
    model = ResNet20()
    model.load_state_dict(safetensors.torch.load_file(tmp_path / "new" / WEIGHTS))
    text = (tmp_path / "new" / "accuracies.json").read_text("utf-8")
    assert text.strip() == capsys.readouterr().out.strip()
    for split, dataset in zip(("training", "validation"), sets, strict=True):
        assert json.loads(text)[split]["classes"] == class_accuracies(model.eval(), dataset)


def test_saved_weights_give_the_same_logits(tmp_path: Path, demo: Demo) -> None:
    save(demo.model, small_set(4), small_set(4), tmp_path)
    assert (tmp_path / WEIGHTS).read_bytes() == (
        files("imbxai_widgets.demo") / "data" / WEIGHTS
    ).read_bytes()

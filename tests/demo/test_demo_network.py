"""The committed networks: their accuracies, how they load, and how they are trained."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from imbxai_widgets.demo import Demo, load_demo, tune
from imbxai_widgets.demo import train as training_script
from imbxai_widgets.demo.images import EmojiDataset, EmojiRecord
from imbxai_widgets.demo.network import WEIGHTS, Method, ResNet20
from imbxai_widgets.demo.train import REGIMES, accuracies, in_memory, save, train
from imbxai_widgets.demo.tune import HELD_OUT_SHARE, held_out
from imbxai_widgets.training.evaluation import predict
from imbxai_widgets.training.networks import NormalizedLinear
from imbxai_widgets.training.regime import Regime

# Correct predictions by class, of as many images as test_demo_images.py pins.
CORRECT = {
    ("ce", "training"): (426, 365, 312, 188, 166, 159, 96, 41, 58, 31),
    ("ce", "validation"): (181, 150, 109, 56, 60, 40, 29, 4, 14, 3),
    ("ldam", "training"): (401, 359, 281, 165, 161, 147, 91, 53, 66, 39),
    ("ldam", "validation"): (167, 152, 97, 44, 61, 37, 29, 4, 16, 9),
}


@pytest.fixture(scope="module", params=["ce", "ldam"])
def method(request: pytest.FixtureRequest) -> Method:
    return request.param


@pytest.fixture(scope="module")
def demo(method: Method) -> Demo:
    return load_demo(method)


@pytest.fixture(scope="module")
def correct(demo: Demo) -> dict[str, np.ndarray]:
    """Correct predictions by class, of both splits."""
    counts = {}
    for split, dataset in (("training", demo.train), ("validation", demo.validation)):
        targets = np.array(dataset.targets)
        hits = targets[predict(demo.model, in_memory(dataset)) == targets]
        counts[split] = np.bincount(hits, minlength=len(dataset.classes))
    return counts


@pytest.mark.parametrize("split", ["training", "validation"])
def test_accuracy_of_each_class(correct: dict[str, np.ndarray], method: Method, split: str) -> None:
    # One image of a class may tip over where another processor rounds otherwise.
    np.testing.assert_allclose(correct[split], CORRECT[method, split], rtol=0, atol=1)


def test_enough_training_errors_remain_to_find_adversaries_by(
    demo: Demo, correct: dict[str, np.ndarray]
) -> None:
    errors = np.bincount(demo.train.targets) - correct["training"]
    assert (errors >= 5).sum() >= 5


def test_written_accuracies_are_those_of_the_weights(
    demo: Demo, correct: dict[str, np.ndarray], method: Method
) -> None:
    text = (files("imbxai_widgets.demo") / "data/accuracies.json").read_text("utf-8")
    for split, dataset in (("training", demo.train), ("validation", demo.validation)):
        written = json.loads(text)[method][split]
        images = np.bincount(dataset.targets)
        shares = np.array([written["classes"][name] for name in dataset.classes])
        np.testing.assert_allclose(shares * images, correct[split], rtol=0, atol=1.01)
        total = written["all"] * images.sum()
        np.testing.assert_allclose(total, correct[split].sum(), rtol=0, atol=4)
        assert written["mean"] == pytest.approx(shares.mean(), abs=1e-4)


def test_model_is_ready_to_use(demo: Demo) -> None:
    assert isinstance(demo.model, ResNet20)
    assert not any(module.training for module in demo.model.modules())
    assert {parameter.device.type for parameter in demo.model.parameters()} == {"cpu"}
    total = sum(parameter.numel() for parameter in demo.model.parameters())
    assert total == 269_722 - (10 if isinstance(demo.model.head, NormalizedLinear) else 0)


def test_the_ways_of_training_are_told_apart() -> None:
    assert isinstance(load_demo("ldam").model.head, NormalizedLinear)
    assert not isinstance(load_demo().model.head, NormalizedLinear)
    with pytest.raises(ValueError, match="training must be one of ce, ldam, not 'focal'"):
        load_demo("focal")  # type: ignore[arg-type]


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


def small_set(count: int, n_classes: int = 10) -> EmojiDataset:
    """Return images of plain colors, which are their classes."""
    targets = [index % n_classes for index in range(count)]
    colors = np.random.default_rng(0).integers(256, size=(10, 4), dtype=np.uint8)[targets]
    images = np.broadcast_to(colors[:, None, None], (count, 32, 32, 4))
    records = [EmojiRecord(str(index), "a color", "google") for index in range(count)]
    return EmojiDataset(images, targets, records)


def short(method: Method, epochs: int = 1) -> Regime:
    return replace(REGIMES[method], epochs=epochs)


def test_training_learns() -> None:
    dataset = small_set(128, n_classes=2)
    model = train(in_memory(dataset), short("ce", epochs=5), seed=1)
    assert not model.training
    assert accuracies(model, dataset)["classes"] == {
        name: 1.0 if name in ("People", "Flags") else None for name in dataset.classes
    }


def test_training_can_be_repeated(method: Method) -> None:
    images = in_memory(small_set(32))
    first, again, other = (
        train(images, short(method), seed=seed).head.weight for seed in (1, 1, 2)
    )
    assert torch.equal(again, first)
    assert not torch.allclose(other, first, atol=1e-3)


def test_training_leaves_the_global_generator_alone() -> None:
    before = torch.random.get_rng_state()
    train(in_memory(small_set(10)), short("ce"))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_script_writes_weights_that_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sets = small_set(20), small_set(10)
    monkeypatch.setattr(training_script, "load_images", lambda: sets)
    training_script.main(["--epochs", "1", "--output", str(tmp_path / "new")])
    text = (tmp_path / "new" / "accuracies.json").read_text("utf-8")
    assert text.strip() == capsys.readouterr().out.strip()
    for name, regime in REGIMES.items():
        model = ResNet20(scale=regime.head_scale)
        model.load_state_dict(safetensors.torch.load_file(tmp_path / "new" / WEIGHTS[name]))
        for split, dataset in zip(("training", "validation"), sets, strict=True):
            assert json.loads(text)[name][split] == accuracies(model.eval(), dataset)


def test_saved_weights_give_the_same_logits(tmp_path: Path, demo: Demo, method: Method) -> None:
    save({method: demo.model}, small_set(4), small_set(4), tmp_path)
    assert (tmp_path / WEIGHTS[method]).read_bytes() == (
        files("imbxai_widgets.demo") / "data" / WEIGHTS[method]
    ).read_bytes()


def test_held_out_images_are_a_share_of_each_class_and_share_no_emoji() -> None:
    _, training, _ = load_demo()
    held = held_out(training)
    targets = np.array(training.targets)
    shares = np.bincount(targets[held]) / np.bincount(targets)
    np.testing.assert_allclose(shares, HELD_OUT_SHARE, atol=0.02)
    emoji = np.array([record.emoji for record in training.records])
    assert not set(emoji[held]) & set(emoji[~held])


def test_tuning_prints_a_row_for_each_setting(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sets = small_set(40), small_set(10)
    monkeypatch.setattr(tune, "load_images", lambda: sets)
    monkeypatch.setattr(tune, "SETTINGS", (short("ce"), short("ldam")))
    tune.main()
    header, _, *rows = (line.split(" | ") for line in capsys.readouterr().out.splitlines())
    assert [row[0] for row in rows] == ["| ce", "| ldam"]
    assert rows[1][1:4] == ["0.5", "10.0", "20"]
    for row in rows:
        assert len(row) == len(header)
        # One image of each class is held out, so that all accuracies agree.
        shares = [float(share.removesuffix(" |")) for share in row[4:]]
        assert shares[0] == shares[1] == pytest.approx(np.mean(shares[2:]))

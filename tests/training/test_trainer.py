"""The trainer: what it learns, that it can be killed, and what it refuses."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from small_training import REGIME, noisy_colors, train
from torch import nn

from imbxai_widgets.training import trainer
from imbxai_widgets.training.checkpoint import read_tensors
from imbxai_widgets.training.evaluation import evaluate, predict
from imbxai_widgets.training.losses import LDAMLoss
from imbxai_widgets.training.regime import Regime
from imbxai_widgets.training.trainer import InMemoryImages, fit

LEARNING = replace(REGIME, epochs=12, milestones=(10,), reweight_from=10)
SCRIPT = Path(__file__).with_name("small_training.py")


def same(first: nn.Module, second: nn.Module) -> bool:
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    return all(torch.equal(one, other) for one, other in pairs)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """The result hangs on the number of threads, in the last bits."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("one_thread")
def test_a_killed_training_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    checkpoint = tmp_path / "c"
    killed = subprocess.run([sys.executable, SCRIPT, checkpoint, "5"], timeout=120, check=False)
    assert killed.returncode == -signal.SIGKILL
    # The fifth checkpoint was written, but had not yet taken the place of the fourth.
    assert len(list(tmp_path.glob(".*.part"))) == 1
    assert read_tensors(checkpoint)[1]["epochs"] == 4
    assert same(train(checkpoint), train())


@pytest.mark.parametrize("stop", [1, 4, 7])
def test_an_interrupted_training_goes_on_to_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    checkpoint = tmp_path / "c"
    loss = Regime.loss

    def interrupted(self: Regime, counts: np.ndarray, epoch: int) -> nn.Module:
        if epoch == stop:
            raise KeyboardInterrupt
        return loss(self, counts, epoch)

    with monkeypatch.context() as patch:
        patch.setattr(Regime, "loss", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(checkpoint)
    assert read_tensors(checkpoint)[1]["epochs"] == stop
    whole = train()
    assert same(train(checkpoint), whole)
    # Begun again once more, nothing is left to do.
    assert same(train(checkpoint), whole)


def test_checkpoints_hold_no_pickle(tmp_path: Path) -> None:
    train(tmp_path / "c", replace(REGIME, epochs=1))
    tensors, facts = read_tensors(tmp_path / "c")
    assert {name.partition(".")[0] for name in tensors} == {"model", "momentum", "generator"}
    assert facts["settings"]["method"] == "ldam"
    assert [file.name for file in tmp_path.iterdir()] == ["c"]


@pytest.mark.parametrize("method", ["ce", "ldam"])
def test_it_learns(method: str) -> None:
    data = noisy_colors()
    model = train(regime=replace(LEARNING, method=method))
    assert not model.training
    assert evaluate(model, data, 3) == {"all": 1.0, "mean": 1.0, "classes": [1.0, 1.0, 1.0]}


def test_the_seed_makes_the_result() -> None:
    before = torch.random.get_rng_state()
    first, again, other = (train(regime=replace(REGIME, epochs=1), seed=seed) for seed in (0, 0, 1))
    assert same(first, again)
    assert not same(first, other)
    assert torch.equal(torch.random.get_rng_state(), before)


class Recorder(nn.Module):
    """Counts the images that it is shown, by their brightest channel."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(3))
        self.seen = torch.zeros(3, dtype=torch.int64)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.seen += images.mean(dim=(2, 3)).argmax(dim=1).bincount(minlength=3)
        return self.bias.expand(len(images), 3)


def test_images_are_drawn_by_their_weights() -> None:
    data, regime = noisy_colors(), replace(REGIME, method="ce", epochs=50)
    weights = torch.tensor([0.0, 3.0, 1.0])[data.labels] / torch.bincount(data.labels)[data.labels]
    model = Recorder()
    fit(model, data, regime, weights=weights, device="cpu")
    assert model.seen[0] == 0
    assert model.seen.sum() == 50 * len(data.labels)  # an epoch has as many draws as images
    assert model.seen[1] / model.seen.sum() == pytest.approx(0.75, abs=0.03)
    plain = Recorder()
    fit(plain, data, regime, device="cpu")
    assert plain.seen.tolist() == (50 * torch.bincount(data.labels)).tolist()


def test_weights_are_checked_and_part_of_the_settings(tmp_path: Path) -> None:
    ones = np.ones(40)
    train(tmp_path / "c", replace(REGIME, epochs=1), weights=ones)
    with pytest.raises(ValueError, match="another weights"):
        train(tmp_path / "c", replace(REGIME, epochs=1), weights=ones * 2)
    with pytest.raises(ValueError, match="another weights"):
        train(tmp_path / "c", replace(REGIME, epochs=1))
    for wrong in (np.ones(39), -ones, 0 * ones, np.full(40, np.nan)):
        with pytest.raises(ValueError, match="weights must be"):
            train(regime=replace(REGIME, epochs=1), weights=wrong)


def test_deferred_weights_change_nothing_before_their_epoch() -> None:
    early, late, never = (
        train(regime=replace(REGIME, epochs=3, reweight_from=epoch)) for epoch in (2, 3, 9)
    )
    assert same(late, never)
    assert not same(early, late)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_mixed_precision_trains_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype
) -> None:
    # On the CPU for want of a GPU; float16, with scaled losses, is for older GPUs only.
    monkeypatch.setattr(trainer, "_working_dtype", lambda *_: dtype)
    model = train(tmp_path / "c", LEARNING)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert evaluate(model, noisy_colors(), 3)["all"] == 1
    scaler = read_tensors(tmp_path / "c")[1]["scaler"]
    assert bool(scaler) == (dtype == torch.float16)
    assert same(train(tmp_path / "c", LEARNING), model)
    monkeypatch.undo()
    assert not same(model, train(regime=LEARNING))


def test_mixed_precision_is_for_gpus_unless_asked_for() -> None:
    cpu = torch.device("cpu")
    assert trainer._working_dtype(cpu, None) == torch.float32
    assert trainer._working_dtype(cpu, True) == torch.bfloat16


def test_learning_rates_of_cao_et_al() -> None:
    optimizer = Regime().optimizer(nn.Linear(1, 1))
    schedule = Regime().learning_rates(optimizer)
    rates = []
    for _ in range(200):
        rates += schedule.get_last_lr()
        optimizer.step()
        schedule.step()
    np.testing.assert_allclose(rates[:5], [0.02, 0.04, 0.06, 0.08, 0.1])
    np.testing.assert_allclose(rates[5:160], 0.1)
    np.testing.assert_allclose(rates[160:180], 0.001)
    np.testing.assert_allclose(rates[180:], 0.00001)


def test_losses_of_cao_et_al() -> None:
    counts = np.array([500, 50])
    assert isinstance(Regime().loss(counts, 199), nn.CrossEntropyLoss)
    ldam = Regime(method="ldam")
    before, after = ldam.loss(counts, 159), ldam.loss(counts, 160)
    assert isinstance(before, LDAMLoss)
    assert isinstance(after, LDAMLoss)
    assert before.weight is None
    torch.testing.assert_close(before.scaled_margins, torch.tensor([30 * 0.5 / 10**0.25, 15.0]))
    assert after.weight is not None
    assert after.weight[1] > 9 * after.weight[0]


def test_accuracies_by_class() -> None:
    class Reads(nn.Module):
        """Takes the first pixel's red for the class."""

        def __init__(self) -> None:
            super().__init__()
            self.unused = nn.Parameter(torch.zeros(1))

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return torch.nn.functional.one_hot((255 * images[:, 0, 0, 0]).round().long(), 4)

    said = torch.tensor([0, 0, 1, 2, 2, 0], dtype=torch.uint8)
    pixels = said[:, None, None, None].expand(-1, 2, 2, 3)
    data = InMemoryImages(pixels, torch.tensor([0, 0, 0, 2, 2, 2]), normalize=lambda x: x)
    assert predict(Reads(), data, batch_size=4).tolist() == said.tolist()
    assert evaluate(Reads(), data, 4) == {
        "all": 0.6667,
        "mean": 0.6667,
        "classes": [0.6667, None, 0.6667, None],
    }


def test_what_cannot_be_is_said(tmp_path: Path) -> None:
    checkpoint = tmp_path / "c"
    train(checkpoint, replace(REGIME, epochs=1))
    kept = checkpoint.read_bytes()
    with pytest.raises(ValueError, match="with another epochs, learning_rate; remove it"):
        train(checkpoint, replace(REGIME, epochs=2, learning_rate=0.2))
    with pytest.raises(ValueError, match="with another seed; remove it"):
        train(checkpoint, replace(REGIME, epochs=1), seed=5)
    assert checkpoint.read_bytes() == kept
    checkpoint.write_bytes(kept[:1000])
    with pytest.raises(ValueError, match="is damaged, or not from this package"):
        train(checkpoint, replace(REGIME, epochs=1))
    safetensors.torch.save_file({}, checkpoint)
    with pytest.raises(ValueError, match="is damaged, or not from this package"):
        train(checkpoint, replace(REGIME, epochs=1))
    with pytest.raises(FloatingPointError, match=r"loss was .* lower the learning rate"):
        train(None, replace(REGIME, method="ce", warmup=0, learning_rate=1e30))
    with pytest.raises(ValueError, match="must be equally many, 1 or more, but are 2 and 3"):
        InMemoryImages(torch.zeros(2, 1, 1, 3), torch.zeros(3), normalize=lambda x: x)


def test_a_model_of_another_kind_may_be_trained() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(8 * 8 * 3, 3))
    regime = Regime(epochs=10, batch_size=8, learning_rate=0.05, schedule="cosine", nesterov=True)
    fit(model, noisy_colors(), regime)
    assert evaluate(model, noisy_colors(), 3)["all"] == 1

"""Faults in the middle of a pass: each is made to happen."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from embedding_cases import CLASSES, SIZE, Images, mixed_state, network, quiet, state_of
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import Dataset, Subset, get_worker_info

from imbxai_widgets import analyze
from imbxai_widgets.compute.embedding import batch_fit as fitting
from imbxai_widgets.compute.embedding.embedded import Embedded
from imbxai_widgets.compute.reading.batches import WorkerError
from imbxai_widgets.compute.reading.labeled_images import Skipped
from imbxai_widgets.compute.reading.samples import ReadError


def assert_same(found: Embedded, expected: Embedded) -> None:
    assert found.n_classes == expected.n_classes
    assert found.skipped == expected.skipped
    assert found.arrays().keys() == expected.arrays().keys()
    for name, array in expected.arrays().items():
        assert found.arrays()[name].dtype == array.dtype
        np.testing.assert_array_equal(found.arrays()[name], array, name)


class Broken(Images):
    """Some images cannot be read."""

    def __init__(self, n: int, broken: set[int]) -> None:
        super().__init__(n)
        self.broken = broken

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        if index in self.broken:
            raise OSError("image file is truncated")
        return super().__getitem__(index)


# -- images that cannot be read ------------------------------------------------------------


def image_folder(torchvision: ModuleType, folder: Path) -> Any:
    """Six images in two classes, the third of the second class cut off in the middle."""
    rng = np.random.default_rng(0)
    for number in range(6):
        path = folder / "ab"[number // 3] / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:150])
    transform = torchvision.transforms.ToTensor()
    return torchvision.datasets.ImageFolder(folder, transform=transform)


@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_corrupt_image_is_named_with_its_file(
    torchvision: ModuleType, tmp_path: Path, num_workers: int
) -> None:
    data = image_folder(torchvision, tmp_path)
    file = str(tmp_path / "b" / "5.png")
    model = mixed_state()
    before = state_of(model)
    with pytest.raises(ReadError) as caught:
        quiet(model, Subset(data, [0, 5, 1]), batch_size=2, num_workers=num_workers)
    assert f"image 1 ({file}) could not be read: OSError: image file is truncated" in str(
        caught.value
    )
    assert 'on_error="skip"' in str(caught.value)
    assert state_of(model) == before


@pytest.mark.parametrize("num_workers", [0, 2])
def test_corrupt_images_are_skipped_and_listed(
    torchvision: ModuleType, tmp_path: Path, num_workers: int
) -> None:
    data = image_folder(torchvision, tmp_path)
    options: dict[str, Any] = {"batch_size": 2, "salient_fraction": 0.2}
    with pytest.warns(UserWarning, match=r"1 of 6 images could not be read.* image 5 \(/"):
        found = quiet(network(), data, on_error="skip", num_workers=num_workers, **options)
    ((position, path, reason),) = found.skipped
    assert (position, path) == (5, str(tmp_path / "b" / "5.png"))
    assert reason.startswith("OSError: image file is truncated")
    assert found.positions.tolist() == [0, 1, 2, 3, 4]
    readable = quiet(network(), Subset(data, range(5)), **options)
    np.testing.assert_array_equal(found.labels, [0, 0, 0, 1, 1])
    np.testing.assert_allclose(found.embeddings, readable.embeddings, rtol=1e-5)
    np.testing.assert_array_equal(found.color_counts, readable.color_counts)


def test_results_of_the_others_stay_in_their_rows() -> None:
    broken = {0, 3, 4, 5, 10}
    with pytest.warns(UserWarning, match="5 of 11 images"):
        found = quiet(network(), Broken(11, broken), batch_size=3, on_error="skip")
    kept = [number for number in range(11) if number not in broken]
    whole = quiet(network(), Images(11), batch_size=3)
    assert found.positions.tolist() == kept
    np.testing.assert_array_equal(found.labels, whole.labels[kept])
    np.testing.assert_allclose(found.embeddings, whole.embeddings[kept], rtol=1e-5)
    np.testing.assert_array_equal(found.top.classes, whole.top.classes[kept])
    assert [image.position for image in found.skipped] == sorted(broken)


@pytest.mark.parametrize("label", [None, "cat", -1, 0.5])
def test_a_label_that_cannot_be_read_counts_as_failed(label: Any) -> None:
    image = torch.rand(3, SIZE, SIZE)
    data = [(image, 0), (image, label), (image, 1)]
    with pytest.raises(ReadError, match=r"image 1 could not be read: its label (must|is)"):
        quiet(network(), data)
    with pytest.warns(UserWarning, match="1 of 3 images"):
        found = quiet(network(), data, on_error="skip")
    assert found.labels.tolist() == [0, 1]
    assert "label" in found.skipped[0].reason


@pytest.mark.parametrize("num_workers", [0, 1])
def test_if_every_image_fails_that_is_an_error(num_workers: int) -> None:
    data = Broken(5, set(range(5)))
    with pytest.raises(ReadError, match=r"none of the 5 images could be read; .*truncated"):
        quiet(network(), data, batch_size=2, on_error="skip", num_workers=num_workers)
    with pytest.raises(ReadError, match="none of the 5 images could be read"):
        analyze(network(), data, on_error="skip", k=1, progress=False)


def test_wrong_data_is_no_broken_image() -> None:
    """What is wrong with the dataset as a whole is told, not skipped."""
    good = (torch.rand(3, SIZE, SIZE), 0)
    for wrong, message in [
        ((np.zeros((SIZE, SIZE, 3)), 0), "must be a tensor"),
        ((good[0], CLASSES), "image 1 has label 4, but the model has 4 logits"),
        ((good[0][:, :3], 0), "one shape"),
        (good[0], "pair"),
    ]:
        with pytest.raises(ValueError, match=message):
            quiet(network(), [good, wrong], on_error="skip")
    with pytest.raises(ValueError, match='on_error must be "raise" or "skip", not \'ignore\''):
        quiet(network(), [good], on_error="ignore")


def test_want_of_memory_is_no_broken_image() -> None:
    data = Images(3, fail_at=1, error=MemoryError)
    with pytest.raises(MemoryError):
        quiet(network(), data, on_error="skip")


def test_the_progress_bar_counts_skipped_images(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.warns(UserWarning, match="2 of 6"):
        quiet(network(), Broken(6, {1, 4}), batch_size=3, on_error="skip", progress=True)
    shown = capsys.readouterr().err
    assert "6/6" in shown
    assert "skipped=2" in shown


def test_skipped_images_of_both_splits_are_in_the_analysis() -> None:
    """Also when the very first images are the broken ones."""
    with pytest.warns(UserWarning, match="could not be read") as caught:
        analysis = analyze(
            network(),
            Broken(12, {0, 1, 7}),
            validation=Broken(5, {4}),
            on_error="skip",
            k=2,
            progress=False,
        )
    assert len(caught) == 2  # one for each split
    table = analysis.skipped()
    assert list(table.columns) == ["split", "image", "path", "reason"]
    assert table["split"].tolist() == ["training"] * 3 + ["validation"]
    assert table["image"].tolist() == [0, 1, 7, 4]
    assert set(table["reason"]) == {"OSError: image file is truncated"}
    assert analysis.train.skipped[2] == Skipped(7, None, "OSError: image file is truncated")
    assert analysis.image_table([0, 5]).index.tolist() == [2, 8]
    assert analysis.images is not None
    shown = Images(12).images[8].permute(1, 2, 0) * 255
    np.testing.assert_array_equal(analysis.images[5], shown.round())


# -- what the network gives ----------------------------------------------------------------


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_rows_that_are_not_finite_are_named(value: float) -> None:
    data = Images(9)
    data.images[[4, 7]] = value
    with pytest.raises(ValueError, match="the embeddings of images 4, 7 are not finite"):
        quiet(network(), data)


def test_other_names_than_logits_are_refused_before_the_long_pass() -> None:
    data = Images(30)
    with pytest.raises(ValueError, match="gives 3 class names, but the model has 4 logits"):
        analyze(network(), data, class_names=["a", "b", "c"], progress=False)
    assert sum(data.taken) == 2


class SmallMemory(nn.Module):
    """Stands for a GPU: no room for more than so many images at once."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room
        self.sizes: list[int] = []

    def forward(self, x: Tensor) -> Tensor:
        if len(x) > self.room:
            raise torch.cuda.OutOfMemoryError(f"no room for {len(x)}")
        self.sizes.append(len(x))
        return x


@pytest.mark.parametrize("fraction", [None, 0.1])
def test_batches_are_halved_until_they_fit_and_it_is_said_once(fraction: float | None) -> None:
    memory = SmallMemory(room=99)
    model = network(memory)
    memory.room, memory.sizes = 5, []
    with pytest.warns(UserWarning, match="did not hold batches of 16 .*pass batch_size=4") as told:
        found = quiet(model, Images(37), batch_size=16, salient_fraction=fraction)
    assert len(told) == 1
    assert memory.sizes == [4] * 9 + [1]  # no size that failed is tried again
    assert_same(found, quiet(network(), Images(37), batch_size=4, salient_fraction=fraction))


def test_on_a_cpu_large_images_run_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    memory = SmallMemory(room=99)
    model = network(memory)
    whole = quiet(model, Images(10), batch_size=10)
    area = SIZE**2
    for pixels, of_few, sizes in (
        (2 * area, 2 * area, [4, 4, 2]),
        (area // 4, 99 * area, [6, 4]),  # as many as are few
        (area // 4, area, [2] * 5),
        (area // 4, area // 4, [1] * 10),
    ):
        memory.sizes = []
        monkeypatch.setattr(fitting, "_CPU_PIXELS", pixels)
        monkeypatch.setattr(fitting, "_CPU_PIXELS_OF_FEW", of_few)
        monkeypatch.setattr(fitting, "_FEW_IMAGES", 3)
        found = quiet(model, Images(10), batch_size=10, salient_fraction=0.1)
        assert memory.sizes == sizes
        np.testing.assert_allclose(found.embeddings, whole.embeddings, rtol=1e-4)
        np.testing.assert_array_equal(found.positions, whole.positions)


@pytest.mark.parametrize("fraction", [None, 0.1])
def test_a_batch_begun_ahead_as_on_a_gpu_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, fraction: float | None
) -> None:
    wanted = quiet(network(), Images(37), batch_size=8, salient_fraction=fraction)
    ahead = property(lambda _: 1, lambda *_: None)
    monkeypatch.setattr(fitting.Fitting, "ahead", ahead, raising=False)
    found = quiet(network(), Images(37), batch_size=8, salient_fraction=fraction)
    assert_same(found, wanted)
    bad = Images(24)
    bad.images[[4, 13]] = np.nan
    with pytest.raises(ValueError, match="the embeddings of images 4 are not finite"):
        quiet(network(), bad, batch_size=8)


def test_a_single_image_that_does_not_fit_is_an_error() -> None:
    memory = SmallMemory(room=99)
    model = network(memory)
    memory.room = 0
    before = state_of(model)
    with pytest.raises(torch.cuda.OutOfMemoryError, match=r"no room for 1\n.*device='cpu'"):
        quiet(model, Images(9), batch_size=4)
    assert state_of(model) == before


# -- processes -----------------------------------------------------------------------------


class KillsItsWorker(Dataset[Any]):
    def __len__(self) -> int:
        return 40

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        if index == 21:
            assert get_worker_info() is not None
            os.kill(os.getpid(), signal.SIGKILL)
        return torch.rand(3, SIZE, SIZE), 0


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
def test_a_killed_worker_is_told_with_what_to_do() -> None:
    gc.collect()  # else errors of earlier tests may hold the processes that read for them
    model = mixed_state()
    before = state_of(model)
    with pytest.raises(WorkerError, match=r"2 processes that .*num_workers=0 .*shared memory"):
        quiet(model, KillsItsWorker(), batch_size=4, num_workers=2)
    assert state_of(model) == before
    assert not multiprocessing.active_children()
    # PyTorch's own handler is back, and knows no lost process any more.
    signal.raise_signal(signal.SIGCHLD)


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_class_of_a_notebook_cannot_go_to_a_process_that_is_spawned(method: str) -> None:
    code = f"""if True:
        import multiprocessing, torch
        from imbxai_widgets import analyze
        from imbxai_widgets.compute.reading import WorkerError

        class Mine(torch.utils.data.Dataset):
            def __len__(self):
                return 9
            def __getitem__(self, index):
                return torch.ones(3, 4, 4), index % 3

        multiprocessing.set_start_method("{method}")
        model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(48, 3))
        try:
            analyze(model, Mine(), num_workers=1, progress=False)
        except WorkerError as error:
            print(error)
    """
    run = [sys.executable, "-c", code]
    words = subprocess.run(run, check=True, capture_output=True, text=True).stdout
    assert f"starts such processes anew here ({method})" in words
    assert "Mine, which is defined in a notebook" in words
    assert "num_workers=0" in words
    assert "memory" not in words

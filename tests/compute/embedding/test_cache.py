"""The cache: a killed pass goes on where it was, and nothing that changed meets old results."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from embedding_cases import SIZE, mixed_state, network, quiet, state_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from test_faults import SmallMemory, assert_same
from torch import Tensor, nn
from torch.utils.data import Dataset, Subset

from imbxai_widgets import analyze
from imbxai_widgets.compute.embedding.embedded import Embedded
from imbxai_widgets.compute.embedding.fingerprint import Fingerprints
from imbxai_widgets.compute.reading.samples import ReadError

N, BATCH = 22, 4
ran: list[int] = []  # sizes of the batches that reached the network

# What the cache does not look into. A module that changes is another model, and so is one whose
# class or globals do.
watch = threading.local()
watch.ran = ran


class Noting(nn.Module):
    """Notes what reaches it, outside of itself."""

    def forward(self, x: Tensor) -> Tensor:
        watch.ran.append(len(x))
        return x


class Drawn(Dataset[Any]):
    """Images of random numbers; `broken` ones cannot be read."""

    def __init__(self, n: int = N, broken: frozenset[int] = frozenset()) -> None:
        self.images = torch.rand(n, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(n))
        self.labels = [number % 3 for number in range(n)]
        self.broken = broken

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        if index in self.broken:
            raise OSError("broken")
        return self.images[index], self.labels[index]


embed = partial(quiet, batch_size=BATCH, salient_fraction=0.2)


def run(cache: Path | None, model: nn.Module | None = None, **options: Any) -> Embedded:
    """Embed the drawn images; `ran` tells of this run alone."""
    model = model or network(Noting())
    ran.clear()
    return embed(model, options.pop("data", Drawn()), cache=cache, **options)


def files(cache: Path, kind: str) -> list[Path]:
    return sorted(cache.glob(f"*/{kind}"))


# -- going on ------------------------------------------------------------------------------


class Failing(nn.Module):
    """Is interrupted at its third batch."""

    def forward(self, x: Tensor) -> Tensor:
        watch.batches += 1
        if watch.batches == 3:
            raise KeyboardInterrupt
        return x


def test_an_interrupted_pass_keeps_its_batches_and_goes_on(tmp_path: Path) -> None:
    watch.batches = -1
    model = network(Failing())
    before = state_of(model)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, model)
    assert state_of(model) == before
    assert [file.name for file in files(tmp_path, "batches/*")] == ["00000000", "00000001"]
    watch.batches = 10
    found = run(tmp_path, model)
    assert (
        watch.batches == 10 + 2 + 4
    )  # those that are kept, to see that they are right, and the others
    assert_same(found, run(None, model))
    assert not files(tmp_path, "batches")


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
def test_a_killed_run_goes_on_bit_by_bit(tmp_path: Path) -> None:
    program = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
import test_cache
class Deadly(list):
    def append(self, size):
        if len(self) == 4:  # one batch found the statistics of batch norm, three were embedded
            os.kill(os.getpid(), signal.SIGKILL)
        super().append(size)
test_cache.watch.ran = Deadly()
test_cache.run(Path(sys.argv[1]))
"""
    command = [sys.executable, "-c", program, str(tmp_path), str(Path(__file__).parent)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert len(files(tmp_path, "batches/*")) == 3
    found = run(tmp_path)
    assert ran == [4, 4, 4, 4, 4, 2]  # those kept, to see that they are right, and the others
    assert_same(found, run(None))


def test_a_finished_pass_does_not_run_the_network_again(tmp_path: Path) -> None:
    """Only some batches, to see that they are right: the first, the last, and two between."""
    first = run(tmp_path)
    assert len(ran) == 6
    again = run(tmp_path)
    assert ran == [4, 4, 4, 2]
    assert_same(again, first)
    assert_same(first, run(None))
    for found in (first, again):
        assert isinstance(found.embeddings.base, np.memmap)
        assert not found.embeddings.flags.writeable


def test_analyze_takes_all_of_it_from_the_cache(tmp_path: Path) -> None:
    model, data, unseen = network(Noting()), Drawn(), Drawn(9)
    options: dict[str, Any] = {
        "validation": unseen,
        "k": 2,
        "progress": False,
        "device": "cpu",
        "batch_size": BATCH,
    }
    plain = analyze(model, data, **options)
    first = analyze(model, data, cache=tmp_path, **options)
    ran.clear()
    again = analyze(model, data, cache=tmp_path, **options)
    first_images, steady = [2, 2], [4, 4, 2, 2]  # of training and validation; is the model steady?
    assert ran == [
        *first_images,
        *steady,
        4,
        4,
        4,
        2,
        4,
        4,
        1,
    ]  # some of training, all of validation
    for found in (first, again):
        np.testing.assert_array_equal(found.embeddings, plain.embeddings)
        np.testing.assert_array_equal(found.neighbors, plain.neighbors)
        np.testing.assert_array_equal(found.color_counts, plain.color_counts)
        np.testing.assert_array_equal(found.validation.neighbors, plain.validation.neighbors)
        assert found.classes().equals(plain.classes())


def test_halved_batches_are_kept_whole(tmp_path: Path) -> None:
    memory = SmallMemory(room=99)
    model = network(memory)
    memory.room = 2
    with pytest.warns(UserWarning, match="pass batch_size=2"):
        found = run(tmp_path, model)
    assert_same(found, run(None, network(SmallMemory(room=99)), batch_size=2))


# -- images that cannot be read ------------------------------------------------------------


def test_a_mended_image_is_taken_in_and_only_its_batch_run(tmp_path: Path) -> None:
    """The files of this dataset are not known to the key, only that an image is broken or not."""

    class Mendable(Drawn):
        def __getitem__(self, index: int) -> tuple[Tensor, int]:
            if index == 10 and not watch.mended:
                raise OSError("broken")
            return super().__getitem__(index)

    watch.mended = False
    data = Mendable(70)  # of which 10 is not looked at for the key
    for _ in range(2):
        with pytest.warns(UserWarning, match="1 of 70 images"):
            found = run(tmp_path, data=data, on_error="skip")
        assert 10 not in found.positions
    assert len(ran) == 4
    with pytest.raises(ReadError, match="image 10 could not be read"):
        run(tmp_path, data=data)
    watch.mended = True
    found = run(tmp_path, data=data, on_error="skip")
    assert len(ran) == 4 + 1  # that of image 10
    assert_same(found, run(None, data=data))


# -- the key -------------------------------------------------------------------------------


def other_weight(model: nn.Sequential) -> None:
    with torch.no_grad():
        model[1].weight[0, 0, 0, 0] += 1e-6


def other_statistics(model: nn.Sequential) -> None:
    model[2].running_mean[3] += 1e-6


def other_stride(model: nn.Sequential) -> None:
    model[1].stride = (2, 2)


def hooked(model: nn.Sequential) -> None:
    model[2].register_forward_hook(lambda _, __, output: output * 2)


def with_code(model: nn.Sequential) -> None:
    class Noting(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x * 2

    model[0] = Noting()


def with_attribute(model: nn.Sequential) -> None:
    model[0].gain = 2.0


@pytest.mark.parametrize(
    "change",
    [other_weight, other_statistics, other_stride, hooked, with_code, with_attribute],
    ids=lambda change: change.__name__,
)
def test_a_changed_model_never_meets_old_embeddings(
    tmp_path: Path, change: Callable[[nn.Sequential], None]
) -> None:
    run(tmp_path)
    model = network(Noting())
    change(model)
    found = run(tmp_path, model)
    assert len(files(tmp_path, "whole")) == 2
    assert_same(found, run(None, model))


@pytest.mark.parametrize(
    "options",
    [
        {"batch_size": 5},
        {"salient_fraction": 0.3},
        {"salient_fraction": None},
        {"color_bins": "paper"},
        {"layer": "2"},
        {"display_transform": lambda image: 1 - image},
    ],
    ids=lambda options: next(iter(options)),
)
def test_other_settings_never_meet_old_embeddings(tmp_path: Path, options: dict[str, Any]) -> None:
    run(tmp_path)
    found = run(tmp_path, **options)
    assert len(files(tmp_path, "whole")) == 2
    assert_same(found, run(None, **options))


def changed_image(data: Drawn) -> None:
    data.images[9, 0, 0, 0] += 1e-6


def changed_label(data: Drawn) -> None:
    data.labels[9] = 3


def transformed(data: Drawn) -> None:
    data.transform = lambda image: image / 2  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "change", [changed_image, changed_label, transformed], ids=lambda change: change.__name__
)
def test_changed_data_never_meet_old_embeddings(
    tmp_path: Path, change: Callable[[Drawn], None]
) -> None:
    run(tmp_path, data=Drawn(70))
    data = Drawn(70)
    change(data)
    run(tmp_path, data=data)
    assert len(ran) == 18


def test_the_layer_may_be_given_as_a_module_or_by_name(tmp_path: Path) -> None:
    model = network(Noting())
    run(tmp_path, model, layer="2")
    run(tmp_path, model, layer=model[2])
    assert len(ran) == 4


def test_training_mode_and_gradients_do_not_matter(tmp_path: Path) -> None:
    run(tmp_path)
    model = network(Noting()).eval()
    model[1].weight.requires_grad_(False)
    run(tmp_path, model)
    assert len(ran) == 4


def test_a_changed_file_is_seen(tmp_path: Path) -> None:
    paths = [str(tmp_path / f"{number}.png") for number in range(100)]
    for path in paths:
        Path(path).write_bytes(b"image")
    before = Fingerprints().of(paths)
    assert Fingerprints().of(list(paths)) == before
    os.utime(paths[50], ns=(1, 1))
    assert Fingerprints().of(paths) != before


@dataclass(slots=True)
class Slotted:
    value: int


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Subset(Drawn(), range(3)), Subset(Drawn(), range(1, 4))),
        (Subset(Drawn(), [0, 1]), Subset(Drawn(), [0, 2])),
        ([Slotted(1)], [Slotted(2)]),
        ([torch.zeros(2)], [torch.zeros(2, dtype=torch.float64)]),
        (["ab", "c"], ["a", "bc"]),
        ([np.zeros((2, 3))], [np.zeros((3, 2))]),
        (np.array([{"a": 1}]), np.array([{"a": 2}])),
        ({"a": {1, 2}}, {"a": {1, 3}}),
        (deque([object, 1]), deque([object, 2])),
        (bytearray(b"a"), bytearray(b"b")),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [2]})),
        (Image.new("RGB", (2, 2)), Image.new("RGB", (2, 2), "red")),
        (partial(print, 1), partial(print, 2)),
        (lambda x: x + 1, lambda x: x + 2),
    ],
)
def test_what_differs_has_another_fingerprint(one: object, other: object) -> None:
    assert Fingerprints().of(one) == Fingerprints().of(one)
    assert Fingerprints().of(one) != Fingerprints().of(other)


def test_what_holds_itself_has_a_fingerprint() -> None:
    loop: list[Any] = [1]
    loop.append(loop)
    assert len(Fingerprints().of(loop)) == 64


class RandomShift:
    pass


def test_images_of_random_transforms_are_not_cached(tmp_path: Path) -> None:
    data = Drawn()
    data.transform = RandomShift()  # type: ignore[attr-defined]
    with pytest.warns(UserWarning, match="random"):
        run(tmp_path, data=data)
    assert not list(tmp_path.iterdir())


# -- damage --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def half_done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes, Embedded]:
    """A cache with one batch in it: where it is, its bytes, and the right result."""
    folder = tmp_path_factory.mktemp("cache")
    watch.batches = 0
    model = network(Failing())
    with pytest.raises(KeyboardInterrupt):
        run(folder, model)
    (file,) = files(folder, "batches/*")
    watch.batches = 10
    return file, file.read_bytes(), run(None, model)


def changed_bytes(data: st.DataObject, content: bytes) -> bytes:
    """Cut anywhere, or with any bit flipped."""
    at = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        return content[:at]
    flipped = content[at] ^ (1 << data.draw(st.integers(0, 7)))
    return content[:at] + bytes([flipped]) + content[at + 1 :]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_batch_is_computed_again(
    half_done: tuple[Path, bytes, Embedded], data: st.DataObject
) -> None:
    file, content, expected = half_done
    file.parent.mkdir(exist_ok=True)
    for finished in file.parent.parent.glob("[we]*"):
        finished.unlink()
    file.write_bytes(changed_bytes(data, content))
    watch.batches = 10
    model = network(Failing())
    watch.batches = 10
    found = run(file.parents[2], model)
    assert watch.batches == 10 + 1 + 6
    assert_same(found, expected)


@pytest.mark.parametrize("kind", ["whole", "embeddings-*"])
@pytest.mark.parametrize("cut", [True, False])
def test_a_damaged_result_is_computed_again(tmp_path: Path, kind: str, cut: bool) -> None:
    expected = run(tmp_path)
    (file,) = files(tmp_path, kind)
    content = file.read_bytes()
    middle = len(content) // 2
    end = b"" if cut else bytes([content[middle] ^ 1]) + content[middle + 1 :]
    replacement = file.with_name("new")
    replacement.write_bytes(content[:middle] + end)
    os.replace(replacement, file)  # since `expected` has the old one mapped
    assert_same(run(tmp_path), expected)
    assert len(ran) == 6
    assert_same(run(tmp_path), expected)
    assert len(ran) == 4


FULL_DISK = """
import resource, signal, sys, warnings
sys.path.insert(0, sys.argv[2])
from pathlib import Path
import test_cache
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
expected = test_cache.run(None)
for limit in sys.argv[3:]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        found = test_cache.run(Path(sys.argv[1]) / limit)
    test_cache.assert_same(found, expected)
    print(*(warning.message for warning in told))
"""


@pytest.mark.skipif(os.name != "posix", reason="limits of a process are POSIX's")
def test_on_a_full_disk_the_pass_goes_on_and_says_so_once(tmp_path: Path) -> None:
    folder = str(Path(__file__).parent)
    limits = {"1000": 0, "2500": 6}  # room for about.json alone, or also for every batch
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path), folder, *limits]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for told, (limit, kept) in zip(done.stdout.splitlines(), limits.items(), strict=True):
        assert told.count("cannot be written ([Errno 27] File too large)") == 1
        assert len(files(tmp_path / limit, "batches/*")) == kept
        assert not files(tmp_path / limit, "**/*.part")
        assert_same(run(tmp_path / limit), run(None))


def test_a_cache_that_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    model = mixed_state()
    before = state_of(model)
    with pytest.raises(ValueError, match=r"cache='.*file' cannot be a folder"):
        run(tmp_path / "file", model)
    assert state_of(model) == before


def test_ranges_count_with_their_numbers() -> None:
    whole = [(torch.rand(1, 2, 2), 0)] * 4
    parts = [Subset(whole, range(start, start + 2)) for start in (0, 2)]
    assert Fingerprints().of(parts[0]) != Fingerprints().of(parts[1])

"""Datasets that open their file at the first read: values are right, and no file is left open."""

from __future__ import annotations

import io
import os
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import ConcatDataset, DataLoader, Dataset, Subset, get_worker_info

from imbxai_widgets import Analysis, analyze
from imbxai_widgets.compute.embedding.one_pass import embed
from imbxai_widgets.compute.reading.apart import read_apart, take_first
from imbxai_widgets.compute.reading.own_copy import classes_of_main, own_copy
from imbxai_widgets.compute.reading.samples import Samples

N, PIXELS = 150, 27
TRUTH = (np.arange(N) % 251 / 255).astype(np.float32)

# Grays at even distances are equally near to others.
pytestmark = pytest.mark.filterwarnings("ignore:for .* equally near:UserWarning")

_opened: list[Any] = []


def kept(file: Any) -> Any:
    """Keep a file that a dataset leaves open, to close it after the test."""
    _opened.append(file)
    return file


def raw(path: str) -> Any:
    return open(path, "rb", buffering=0)


@pytest.fixture(autouse=True)
def closed_at_the_end() -> Iterator[None]:
    yield
    while _opened:
        _opened.pop().close()


def content(index: int) -> bytes:
    return bytes([index % 251]) * PIXELS


class Lazy(Dataset[Any]):
    """Opens its file at the first read, as is usual for datasets that workers read."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "images")
        self.opened: Any = None
        self.prepare = self.as_tensor  # a bound method, of this very dataset
        self.write()

    def write(self) -> None:
        raise NotImplementedError

    def read(self, index: int) -> bytes:
        raise NotImplementedError

    def as_tensor(self, data: bytes) -> torch.Tensor:
        return torch.from_numpy(np.frombuffer(data, np.uint8).reshape(3, 3, 3) / np.float32(255))

    def __len__(self) -> int:
        return N

    def __getitem__(self, index: int) -> Any:
        return self.prepare(self.read(index)), index % 3


class Tar(Lazy):
    def write(self) -> None:
        with tarfile.open(self.path, "w") as tar:
            for index in range(N):
                info = tarfile.TarInfo(str(index))
                info.size = PIXELS
                tar.addfile(info, io.BytesIO(content(index)))

    def read(self, index: int) -> bytes:
        self.opened = self.opened or kept(tarfile.TarFile(self.path))
        file = self.opened.extractfile(str(index))
        assert file is not None
        return bytes(file.read())


class Zip(Lazy):
    def write(self) -> None:
        with zipfile.ZipFile(self.path, "w") as archive:
            for index in range(N):
                archive.writestr(str(index), content(index))

    def read(self, index: int) -> bytes:
        self.opened = self.opened or kept(zipfile.ZipFile(self.path))
        return bytes(self.opened.read(str(index)))


class Npz(Lazy):
    def write(self) -> None:
        arrays = {str(index): np.frombuffer(content(index), np.uint8) for index in range(N)}
        np.savez(self.path, **arrays)

    def read(self, index: int) -> bytes:
        self.opened = self.opened or kept(np.load(self.path + ".npz"))
        return bytes(self.opened[str(index)].tobytes())


class Raw(Lazy):
    def write(self) -> None:
        Path(self.path).write_bytes(b"".join(map(content, range(N))))

    def read(self, index: int) -> bytes:
        self.opened = self.opened or kept(raw(self.path))
        self.opened.seek(index * PIXELS)
        return bytes(self.opened.read(PIXELS))


class Shelf(Raw):
    """Keeps its files in a dict, within an object of its own; its length is in one, too."""

    class Files:
        def __init__(self) -> None:
            self.by_name: dict[str, Any] = {}

    def __init__(self, folder: Path) -> None:
        self.files = self.Files()
        self.lock, self.double = threading.Lock(), lambda value: value  # neither can be pickled
        super().__init__(folder)

    def file(self) -> Any:
        if not self.files.by_name:
            self.files.by_name["images"] = kept(raw(self.path))
        return self.files.by_name["images"]

    def __len__(self) -> int:
        return int(self.file().seek(0, os.SEEK_END)) // PIXELS

    def read(self, index: int) -> bytes:
        with self.lock:
            self.file().seek(index * PIXELS)
            return self.double(bytes(self.file().read(PIXELS)))


KINDS = [Tar, Zip, Npz, Raw, Shelf]
AROUND: dict[str, Callable[[Any], Any]] = {
    "itself": lambda dataset: dataset,
    "Subset": lambda dataset: Subset(dataset, range(N)),
    "ConcatDataset": lambda dataset: ConcatDataset([dataset]),
}


def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 3))


def state(dataset: Lazy) -> dict[str, Any]:
    own = dict(vars(dataset))
    if isinstance(dataset, Shelf):
        own["files"] = dict(dataset.files.by_name)
    return own


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_values_are_right_and_no_file_is_left_open(
    kind: type[Lazy], workers: int, tmp_path: Path
) -> None:
    dataset = kind(tmp_path)
    before = state(dataset)
    found = analyze(
        model(), dataset, validation=dataset, num_workers=workers, batch_size=8, progress=False
    )
    assert found.images is not None
    assert found.images[7].tolist() == np.full((3, 3, 3), 7).tolist()
    assert state(dataset) == before
    assert dataset.opened is None
    np.testing.assert_allclose(found.embeddings[:, 0], TRUTH, atol=1e-6)
    own = DataLoader(dataset, 8, num_workers=2)  # forked after images were shown
    seen = torch.cat([images.mean((2, 3)) for images, _ in own])[:, 0]
    np.testing.assert_allclose(seen, TRUTH, atol=1e-6)


@pytest.mark.parametrize("around", AROUND)
def test_also_within_other_datasets_and_with_a_cache(around: str, tmp_path: Path) -> None:
    dataset = Raw(tmp_path)
    before = state(dataset)
    options: dict[str, Any] = {"num_workers": 2, "batch_size": 8, "progress": False}
    for _ in range(2):
        found = embed(model(), AROUND[around](dataset), cache=tmp_path / "cache", **options)
        np.testing.assert_allclose(found.embeddings[:, 0], TRUTH, atol=1e-6)
    assert state(dataset) == before


_shared: dict[str, Any] = {}


class OfTheModule(Raw):
    """Keeps its file in the module, where no copy of the dataset parts it."""

    def read(self, index: int) -> bytes:
        if "file" not in _shared:
            _shared["file"] = kept(raw(self.path))
        _shared["file"].seek(index * PIXELS)
        return bytes(_shared["file"].read(PIXELS))


def test_with_workers_nothing_is_read_in_this_process(tmp_path: Path) -> None:
    found = analyze(model(), OfTheModule(tmp_path), num_workers=2, batch_size=8, progress=False)
    np.testing.assert_allclose(found.embeddings[:, 0], TRUTH, atol=1e-6)
    assert _shared == {}


def test_nor_for_the_cache_which_takes_any_number_of_workers_for_the_same(tmp_path: Path) -> None:
    options: dict[str, Any] = {"batch_size": 8, "progress": False, "cache": tmp_path / "cache"}
    options["cache_check"] = "all"
    of_the_module = OfTheModule(tmp_path)
    for _ in range(2):
        found = embed(model(), of_the_module, num_workers=2, **options)
        np.testing.assert_allclose(found.embeddings[:, 0], TRUTH, atol=1e-6)
        assert _shared == {}
    dataset = Raw(tmp_path)
    for workers in (2, 0):  # reading here changes what this module holds, so that is last
        found = embed(model(), dataset, num_workers=workers, **options)
        np.testing.assert_allclose(found.embeddings[:, 0], TRUTH, atol=1e-6)
        assert dataset.opened is None
    assert len(list((tmp_path / "cache").iterdir())) == 2


class Closing(Raw):
    """Closes its file when it goes."""

    def __del__(self) -> None:
        if self.opened is not None:
            self.opened.close()


def test_a_file_that_was_open_before_stays_so(tmp_path: Path) -> None:
    dataset = Closing(tmp_path)
    dataset[3]
    file = dataset.opened
    found = analyze(model(), dataset, progress=False)
    np.testing.assert_allclose(found.embeddings[:, 0], TRUTH, atol=1e-6)
    del found
    assert dataset.opened is file
    assert not file.closed
    assert dataset[5][0][0, 0, 0] == np.float32(5 / 255)


def test_a_copy_takes_over_no_data() -> None:
    class Held(Dataset[Any]):
        def __init__(self) -> None:
            self.images = torch.zeros(9, 3, 2, 2)
            self.paths = [str(number) for number in range(5000)]
            self.few: dict[str, Any] = {"a": [1]}
            self.myself = self
            self.model = nn.Linear(2, 2)
            self.step = partial(self.method, 3)

        def method(self, number: int) -> tuple[Any, int]:
            return self, number

    held = Held()
    copied = own_copy(held)
    assert type(copied) is Held
    assert copied is not held
    assert copied.images is held.images
    assert copied.paths is held.paths
    assert copied.model is held.model
    assert copied.few == held.few
    assert copied.few is not held.few
    assert copied.few["a"] is not held.few["a"]
    assert copied.myself is copied
    assert copied.step() == (copied, 3)
    pairs = [(torch.zeros(1, 1, 1), 0)]
    assert own_copy(pairs)[0] is pairs[0]


def in_worker(_: Samples) -> bool:
    return get_worker_info() is not None


def images_that_fail(_: Samples) -> None:
    raise ValueError("no such thing")


@pytest.mark.parametrize("workers", [0, 2])
def test_jobs_are_done_where_the_rest_is_read(workers: int) -> None:
    samples = Samples([(torch.ones(3, 2, 2), "?"), (torch.ones(3, 2, 2), 2)])
    skipping = partial(take_first, on_error="skip")
    with read_apart([in_worker, skipping], samples, num_workers=workers) as results:
        assert next(results) is (workers > 0)
        broken, read = next(results)
    assert (broken.position, broken.reason[:9]) == (0, "its label")
    assert read.label == 2
    with (
        pytest.raises(ValueError, match="no such thing") as caught,
        read_apart([images_that_fail], samples, num_workers=workers) as results,
    ):
        next(results)
    assert str(caught.value) == "no such thing"
    where = "".join(getattr(caught.value, "__notes__", ()))
    assert ("images_that_fail" in where) is (workers > 0)


def test_analyses_show_images_after_the_dataset_has_gone(tmp_path: Path) -> None:
    found: Analysis = analyze(model(), Raw(tmp_path), progress=False)
    assert found.images is not None
    assert found.images[9][0, 0].tolist() == [9, 9, 9]


def test_classes_of_the_main_module_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Mine(Dataset[Any]):
        pass

    assert classes_of_main(Subset(Mine(), [0])) == []
    monkeypatch.setattr(Mine, "__module__", "__main__")
    assert [name.rpartition(".")[2] for name in classes_of_main(Subset(Mine(), [0]))] == ["Mine"]

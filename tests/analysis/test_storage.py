"""A saved analysis comes back bit by bit, or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from environments import ROOT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from small_analysis import make_analysis
from torch import nn
from torch.utils.data import Dataset

from imbxai_widgets import Analysis, analyze
from imbxai_widgets.analysis import Split
from imbxai_widgets.analysis.storage import StorageError, save_analysis
from imbxai_widgets.compute.neighbors import effort
from imbxai_widgets.compute.reading.labeled_images import Skipped

ARRAYS = (
    "labels",
    "neighbors",
    "neighbor_distances",
    "archetypes",
    "positions",
    "embeddings",
    "color_counts",
    "pixel_counts",
    "coordinates",
)

# Saves in a process that may not write more than 4 KiB, as on a full disk.
SAVE_WITHOUT_SPACE = """
import resource, signal, sys
sys.path.insert(0, sys.argv[2])
from small_analysis import make_analysis
from imbxai_widgets.analysis.storage import save_analysis
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    save_analysis(make_analysis(), sys.argv[1])
except OSError as error:
    print(type(error).__name__)
"""


# Saves one analysis again and again.
SAVE_OFTEN = """
import sys
sys.path.insert(0, sys.argv[2])
from small_analysis import make_analysis
from imbxai_widgets.analysis.storage import save_analysis
analysis = make_analysis(seed=int(sys.argv[3]))
print("ready", flush=True)
for _ in range(100):
    save_analysis(analysis, sys.argv[1])
"""


def assert_same(one: Analysis, other: Analysis) -> None:
    for name in ("class_names", "top_k", "salient_fraction", "color_scheme", "projection"):
        assert getattr(one, name) == getattr(other, name)
    pairs = [(one.color_counts, other.color_counts)]
    for left, right in ((one.train, other.train), (one.validation, other.validation)):
        assert (left is None) == (right is None)
        if left is not None:
            for name in ("skipped", "neighbor_method", "neighbor_recall"):
                assert getattr(left, name) == getattr(right, name)
            pairs += [(getattr(left, name), getattr(right, name)) for name in ARRAYS]
            pairs += zip(left.top, right.top, strict=True)
            if left.looks is not None and right.looks is not None:
                pairs += zip(left.looks, right.looks, strict=True)
    for left, right in pairs:
        assert (left is None) == (right is None)
        if left is not None:
            assert left.dtype == right.dtype
            assert left.tobytes() == right.tobytes()


@pytest.mark.parametrize("validation", [True, False])
@pytest.mark.parametrize("colors", [True, False])
def test_an_analysis_comes_back_bit_by_bit(tmp_path: Path, validation: bool, colors: bool) -> None:
    analysis = make_analysis(validation=validation, colors=colors)
    path = save_analysis(analysis, tmp_path / "new" / "run.imbxai")
    assert path == (tmp_path / "new" / "run.imbxai").resolve()
    loaded = Analysis.load(path)
    assert_same(loaded, analysis)
    assert loaded.images is None
    assert loaded.classes().equals(analysis.classes())
    assert_same(Analysis.load(analysis.save(path)), analysis)


def test_how_neighbors_were_found_is_kept_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), 500)
    rows = rng.normal(size=(len(labels), 2)) + labels[:, np.newaxis]
    some = (rows[:9], labels[:9], labels[:9])
    assert repr(Analysis.from_arrays(rows, labels, labels)).endswith(" 2 features, 5 neighbors)")
    # Cells, though an exact search is faster here.
    monkeypatch.setattr(effort, "_FEW_QUERIES", len(some[0]))
    monkeypatch.setattr(effort, "_EXACT", {"cpu": len(rows) ** 2})
    analysis = Analysis.from_arrays(rows, labels, labels, validation=some)
    assert analysis.train.neighbor_method == "cells"
    assert 0.9 < analysis.train.neighbor_recall <= 1
    found = f"5 neighbors ({analysis.train.neighbor_recall:.1%} of them found))"
    assert repr(analysis).endswith(found)
    assert_same(Analysis.load(analysis.save(tmp_path / "run.imbxai")), analysis)


Pairs = list[tuple[Any, int]]


def pictures_of(split: Split) -> Pairs:
    """The images of a split of `make_analysis`, with their labels."""
    assert split.images is not None
    tensors = [torch.from_numpy(split.images[i].copy()).movedim(2, 0) for i in range(len(split))]
    return list(zip(tensors, split.labels.tolist(), strict=True))


def test_images_come_from_the_datasets_given(tmp_path: Path) -> None:
    analysis = make_analysis()
    path = save_analysis(analysis, tmp_path / "run.imbxai")
    pictures = pictures_of(analysis.train)
    loaded = Analysis.load(path, dataset=pictures)
    assert loaded.images is not None
    assert (loaded.images[3] == analysis.train.images[3]).all()  # type: ignore[index]
    with pytest.raises(ValueError, match=r"dataset has 3 images, but 68 were analyzed"):
        Analysis.load(path, dataset=pictures[:3])
    with pytest.raises(ValueError, match=r"validation has 3 images, but 34 were analyzed"):
        Analysis.load(path, validation=pictures[:3])
    alone = save_analysis(make_analysis(validation=False), tmp_path / "alone.imbxai")
    with pytest.raises(ValueError, match="no validation images"):
        Analysis.load(alone, validation=pictures)


def test_images_are_read_as_they_were_for_the_analysis(tmp_path: Path) -> None:
    analysis = make_analysis(validation=False, images=False)
    path = analysis.save(tmp_path / "run.imbxai")
    picture = Image.new("RGB", (8, 4), (10, 20, 30))
    samples = [{"photo": picture, "kind": f"c{label}"} for label in analysis.train.labels]
    halved = Analysis.load(
        path,
        dataset=samples,
        keys=("photo", "kind"),
        transform=lambda image: torch.from_numpy(np.array(image)).movedim(2, 0)[:, :, ::2],
    )
    assert halved.images is not None
    assert halved.images[0].shape == (4, 4, 3)
    assert halved.images[0][0, 0].tolist() == [10, 20, 30]


# -- another dataset than was analyzed -----------------------------------------------------


class Untold(Dataset[Any]):
    """Tells its labels together with its images alone."""

    def __init__(self, pairs: Pairs, broken: frozenset[int] = frozenset()) -> None:
        self.pairs, self.broken = pairs, broken

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> Any:
        if index in self.broken:
            raise OSError("broken")
        return self.pairs[index]


def brighter(pairs: Pairs, by: int) -> Pairs:
    return [((image.int() + by).clamp(0, 255).byte(), label) for image, label in pairs]


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda pairs: pairs[::-1], r"image \d+ has label \d, not \d"),
        (lambda pairs: pairs[1:] + pairs[:1], r"image \d+ has label \d, not \d"),
        (
            lambda pairs: brighter(pairs, 12),
            r"image 0 looks otherwise \(by 12 of 255 .*; 32 of 32 images",
        ),
        (
            lambda pairs: [
                (image, label) for (image, _), (_, label) in zip(pairs[::-1], pairs, strict=True)
            ],
            r"image 0 looks otherwise .* image 67 looks as it did: another order",
        ),
    ],
    ids=["reversed", "shifted", "brighter", "images alone reversed"],
)
def test_another_dataset_than_was_analyzed_is_refused(
    tmp_path: Path, told: bool, change: Callable[[Pairs], Pairs], message: str
) -> None:
    analysis = make_analysis()
    path = analysis.save(tmp_path / "run.imbxai")
    pairs = pictures_of(analysis.train)
    kind: Callable[[Pairs], Any] = list if told else Untold
    assert Analysis.load(path, dataset=kind(pairs)).images is not None
    assert Analysis.load(path, dataset=kind(brighter(pairs, 8))).images is not None
    mend = r".* Give the same images in the same order.*, or no dataset to do without"
    with pytest.raises(ValueError, match="dataset is not what was analyzed: " + message + mend):
        Analysis.load(path, dataset=kind(change(pairs)))


def test_validation_is_compared_too_and_images_left_out_count(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pairs = [
        (torch.tensor(rng.integers(0, 256, (3, 9, 9)), dtype=torch.uint8), i % 3) for i in range(40)
    ]
    data, held_out = Untold(pairs[:30], frozenset({0, 7})), Untold(pairs[30:])
    model = nn.Sequential(nn.Flatten(), nn.Linear(243, 3))
    options: dict[str, Any] = {"k": 2, "on_error": "skip", "progress": False, "device": "cpu"}
    model.register_forward_pre_hook(lambda _, inputs: (inputs[0].float(),))
    with pytest.warns(UserWarning, match="2 of 30 images"):
        analysis = analyze(model, data, validation=held_out, salient_fraction=None, **options)
    path = analysis.save(tmp_path / "run.imbxai")
    loaded = Analysis.load(path, dataset=data, validation=held_out)
    assert (loaded.images[0] == pairs[1][0].movedim(0, 2).numpy()).all()  # type: ignore[index]
    again = Analysis.load(loaded.save(tmp_path / "again.imbxai"), dataset=data)
    with pytest.raises(ValueError, match=r"validation is not what was analyzed: image \d+ has"):
        Analysis.load(path, validation=Untold(pairs[30:][::-1]))
    # What is loaded without images and saved again still knows them.
    assert again.validation is not None
    path = Analysis.load(path).save(tmp_path / "later.imbxai")
    other = Untold([(pairs[0][0], label) for _, label in pairs[30:]])
    with pytest.raises(ValueError, match=r"validation is .*: image 0 looks otherwise"):
        Analysis.load(path, validation=other)


def test_pictures_are_known_with_the_transform_and_without(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (20, 12, 8, 3), dtype=np.uint8)
    pairs = [(Image.fromarray(image), i % 2) for i, image in enumerate(pixels)]

    def top(image: Image.Image) -> torch.Tensor:
        return torch.from_numpy(np.array(image)[:8]).movedim(2, 0) / 255

    model = nn.Sequential(nn.Flatten(), nn.Linear(192, 2))
    analysis = analyze(model, pairs, transform=top, k=2, progress=False, salient_fraction=None)
    path = analysis.save(tmp_path / "run.imbxai")
    whole = Analysis.load(path, dataset=pairs).images
    part = Analysis.load(path, dataset=pairs, transform=top).images
    assert whole is not None and part is not None  # noqa: PT018
    assert (whole[3].shape, part[3].shape) == ((12, 8, 3), (8, 8, 3))
    for options in ({}, {"transform": top}, {"transform": lambda image: top(image).flip(1)}):
        other = (
            pairs
            if "transform" in options and options["transform"] is not top
            else [(Image.fromarray(pixels[19 - i]), i % 2) for i in range(20)]
        )
        with pytest.raises(ValueError, match="image 0 looks otherwise"):
            Analysis.load(path, dataset=other, **options)


def test_a_dataset_that_changes_its_labels_when_read_is_known(tmp_path: Path) -> None:
    """Its list of labels is not what the analysis has read."""
    analysis = make_analysis()

    class Coarse(Untold):
        targets = [0] * len(analysis.train)

    path = analysis.save(tmp_path / "run.imbxai")
    data = Coarse(pictures_of(analysis.train))
    assert Analysis.load(path, dataset=data).images is not None
    data.pairs = [(image, (label + 1) % 4) for image, label in data.pairs]
    with pytest.raises(ValueError, match=r"image \d+ has label"):
        Analysis.load(path, dataset=data)


# -- files ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("saved") / "run.imbxai"
    return save_analysis(make_analysis(), path).read_bytes()


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_file_never_gives_another_analysis(
    saved: bytes, tmp_path: Path, data: st.DataObject
) -> None:
    """Cut at any byte, or with any bit flipped: a clear error or the very same analysis."""
    at = data.draw(st.integers(0, len(saved) - 1))
    if data.draw(st.booleans()):
        changed = saved[:at]
    else:
        flipped = saved[at] ^ (1 << data.draw(st.integers(0, 7)))
        changed = saved[:at] + bytes([flipped]) + saved[at + 1 :]
    path = tmp_path / "changed.imbxai"
    path.write_bytes(changed)
    try:
        loaded = Analysis.load(path)
    except StorageError as error:
        assert str(path) in str(error)  # noqa: PT017  (either outcome is right)
    else:
        assert_same(loaded, make_analysis())


def rewritten(path: Path, **changes: object) -> Path:
    """Change the settings in a saved file, with all else intact."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["meta.json"] = json.dumps({**json.loads(members["meta.json"]), **changes}).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_files_of_other_kinds_are_refused(tmp_path: Path) -> None:
    path = save_analysis(make_analysis(), tmp_path / "run.imbxai")
    with pytest.raises(StorageError, match=r"newer version .* \(format 99, .*upgrade"):
        Analysis.load(rewritten(path, version=99))
    with pytest.raises(StorageError, match="no saved analysis"):
        Analysis.load(rewritten(path, format="something else"))
    np.savez(tmp_path / "other.npz", embeddings=np.zeros(3))
    with pytest.raises(StorageError, match="no saved analysis"):
        Analysis.load(tmp_path / "other.npz")
    with pytest.raises(FileNotFoundError):
        Analysis.load(tmp_path / "absent.imbxai")


def test_a_digest_that_does_not_match_is_named(tmp_path: Path) -> None:
    path = save_analysis(make_analysis(), tmp_path / "run.imbxai")
    with zipfile.ZipFile(path) as archive:
        digests = json.loads(archive.read("meta.json"))["sha256"]
    digests["train_labels.npy"] = "0" * 64
    with pytest.raises(StorageError, match=r"damaged: train_labels\.npy has changed"):
        Analysis.load(rewritten(path, sha256=digests))


def with_members(path: Path, changes: dict[str, bytes | None], **settings: object) -> Path:
    """Change members of a saved file, its digests and its settings; None takes a member out."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    meta = json.loads(members["meta.json"]) | settings
    for name, content in changes.items():
        del members[name], meta["sha256"][name]
        if content is not None:
            members[name] = content
            meta["sha256"][name] = hashlib.sha256(content).hexdigest()
    members["meta.json"] = json.dumps(meta).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def encoded(array: Any, *, allow_pickle: bool = False) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(array), allow_pickle=allow_pickle)
    return buffer.getvalue()


def test_no_pickle_is_ever_loaded(tmp_path: Path) -> None:
    path = save_analysis(make_analysis(), tmp_path / "run.imbxai")
    crafted = encoded(np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(StorageError, match="embeddings"):
        Analysis.load(with_members(path, {"train_embeddings.npy": crafted}))


def set_at(value: Any, *place: int) -> Callable[[np.ndarray], np.ndarray]:
    def change(array: np.ndarray) -> np.ndarray:
        array[place or (0,) * array.ndim] = value
        return array

    return change


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("train_embeddings", set_at(np.nan), "embeddings must be finite"),
        ("train_embeddings", lambda a: a.astype("U8"), "it holds <U"),
        ("train_embeddings", lambda a: a.astype(np.float64), "it holds float64"),
        ("train_embeddings", lambda a: a.astype(">f4"), "it holds >f4"),
        ("train_embeddings", lambda a: a[:, :0], "must not be empty"),
        ("train_embeddings", lambda a: np.concatenate([a, a]), "train_labels has the shape"),
        ("train_embeddings", lambda a: np.asfortranarray(a), "it holds float32"),
        ("color_counts", set_at(-1), "color_counts must lie within 0"),
        ("color_counts", lambda a: a[:, 1:], "color_counts has the shape"),
        ("color_counts", lambda a: a[1:], "color_counts has the shape"),
        ("color_counts", None, "color_counts and salient_fraction"),
        ("train_color_counts", set_at(200), "color_counts must be the sums of"),
        ("train_color_counts", lambda a: a.astype(np.int64), "must be unsignedinteger with 2"),
        ("train_color_counts", lambda a: a[:, 1:], "train_color_counts has the shape"),
        ("train_color_counts", None, "train_pixel_counts need train_color_counts"),
        ("train_pixel_counts", set_at(0), "train_pixel_counts must be at least"),
        ("train_pixel_counts", lambda a: a[:, 1:], "train_pixel_counts has the shape"),
        ("validation_embeddings", set_at(np.inf), "validation_embeddings must be finite"),
        ("validation_embeddings", lambda a: a[:, 1:], "validation_embeddings has the shape"),
        ("validation_embeddings", lambda a: a[1:], "has the shape"),
        ("train_labels", set_at(4), "train_labels must lie within 0 to 3"),
        ("train_labels", set_at(-1), "train_labels must lie within 0 to 3"),
        ("train_labels", lambda a: a.astype(np.int8), "train_labels must be int64 with 1 axes"),
        ("train_labels", None, "missing, or too many: "),
        ("train_neighbors", set_at(68), "train_neighbors must lie within 0 to 67"),
        ("train_neighbors", set_at(-1), "train_neighbors must lie within 0 to 67"),
        ("train_neighbors", set_at(0, 0, 0), "own neighbor"),
        ("train_neighbors", lambda a: a[:, :0], "train_neighbor_distances has the shape"),
        ("train_neighbors", lambda a: a[:, 0], "train_neighbors must be int64 with 2 axes"),
        ("validation_neighbors", lambda a: a[:, 1:], "validation_neighbors has the shape"),
        ("validation_neighbors", set_at(68), "validation_neighbors must lie within 0 to 67"),
        ("validation_positions", None, "missing, or too many: validation_positions"),
        ("train_neighbor_distances", set_at(-1.0), "must lie within 0"),
        ("train_neighbor_distances", set_at(np.nan), "must lie within 0"),
        ("train_archetypes", set_at(4), "train_archetypes must lie within 0 to 3"),
        ("train_archetypes", set_at(-1), "train_archetypes must lie within 0 to 3"),
        ("train_positions", set_at(1), "train_positions must rise"),
        ("train_positions", lambda a: a + 1, "must be all of the dataset"),
        ("train_positions", lambda a: a * 10**15, "must be all of the dataset"),
        ("train_top_classes", set_at(4), "train_top_classes must lie within 0 to 3"),
        ("train_top_probabilities", set_at(1.5), "train_top_probabilities must lie within 0 to 1"),
        ("train_top_probabilities", set_at(np.inf), "train_top_probabilities must lie within"),
        ("train_top_probabilities", lambda a: a[:, 1:], "train_top_probabilities has the shape"),
        ("train_top_of_labels", set_at(-0.1), "train_top_of_labels must lie within 0 to 1"),
        ("train_looks_rows", set_at(68), "train_looks_rows must lie within 0 to 67"),
        ("train_looks_shown", lambda a: a[1:], "train_looks_shown has the shape"),
        ("train_looks_shown", lambda a: a[:, 1:], "train_looks_shown has the shape"),
        ("train_looks_shown", None, "must be there together"),
    ],
)
def test_arrays_that_no_analysis_has_are_refused(
    tmp_path: Path,
    name: str,
    change: Callable[[np.ndarray], np.ndarray] | None,
    message: str,
) -> None:
    path = save_analysis(make_analysis(), tmp_path / "run.imbxai")
    with zipfile.ZipFile(path) as archive:
        array = np.lib.format.read_array(
            io.BytesIO(archive.read(f"{name}.npy")), allow_pickle=False
        )
    content = None if change is None else encoded(change(array))
    with pytest.raises(StorageError, match=message):
        Analysis.load(with_members(path, {f"{name}.npy": content}))


@pytest.mark.parametrize(
    ("changes", "settings", "message"),
    [
        ({"head_weight": np.zeros((3, 2), np.float32)}, {}, "head_weight has the shape"),
        ({"head_weight": np.full((2, 2), np.nan, np.float32)}, {}, "weight of the head must be"),
        ({"head_bias": np.zeros(3, np.float32)}, {}, "head_bias has the shape"),
        ({"head_weight": None}, {}, "head and head_weight must be there together"),
        ({}, {"head": None}, "head and head_weight must be there together"),
        ({}, {"head": {"scale": 0, "normalized": False}}, "scale of the head must be"),
        ({}, {"head": {"scale": "1", "normalized": False}}, "head must be a scale and whether"),
        ({}, {"head": {"scale": 1}}, "head must be a scale and whether"),
        ({}, {"head": 3}, "holds what no analysis has"),
        ({"train_coordinates": None}, {}, "projection and train_coordinates must be there togeth"),
        ({}, {"projection": None}, "projection and train_coordinates must be there together"),
        ({}, {"projection": "tsne"}, "projection must be one of"),
        ({}, {"projection": ["pca"]}, "projection must be one of"),
        ({"validation_coordinates": np.full((2, 2), np.nan, np.float32)}, {}, "must be finite"),
        ({"validation_coordinates": np.zeros((2, 3), np.float32)}, {}, "coordinates has the shape"),
    ],
)
def test_heads_and_maps_that_no_analysis_has_are_refused(
    tmp_path: Path, changes: dict[str, Any], settings: dict[str, Any], message: str
) -> None:
    path = tmp_path / "run.imbxai"
    path.write_bytes((ROOT / "tests/data/analysis.imbxai").read_bytes())
    members = {
        f"{name}.npy": None if array is None else encoded(array) for name, array in changes.items()
    }
    with pytest.raises(StorageError, match=message):
        Analysis.load(with_members(path, members, **settings))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"class_names": ["a", "b"]}, "color_counts has the shape"),
        ({"class_names": ["a", "b", "c", "a"]}, "all different"),
        ({"class_names": ["a", "b", "c", 4]}, "class_names must be names"),
        ({"class_names": "abcd"}, "class_names must be names"),
        ({"color_scheme": "other"}, "color_bins must be one of"),
        ({"color_scheme": ["paper"]}, "color_scheme must be a name"),
        ({"top_k": 9}, "top_k is 9, of 8 features"),
        ({"top_k": 2.5}, "top_k must be a whole number"),
        ({"salient_fraction": 2}, "salient_fraction must be above 0 and at most 1"),
        ({"salient_fraction": "all"}, "salient_fraction must be a number"),
        ({"salient_fraction": None}, "color_counts and salient_fraction"),
        ({"neighbors": {}}, "lacks train"),
        ({"neighbors": None}, "holds what no analysis has"),
        ({"skipped": {"train": [], "validation": [[0, None, "x"]]}}, "all of the dataset"),
        ({"skipped": {"train": [], "validation": [[0.5, None, "x"]]}}, "skipped of validation"),
        ({"skipped": {"train": [], "validation": [[10**30, None, "x"]]}}, "skipped of validation"),
        ({"skipped": {"train": []}}, "lacks validation"),
    ],
)
def test_settings_that_no_analysis_has_are_refused(
    tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    path = save_analysis(make_analysis(), tmp_path / "run.imbxai")
    with pytest.raises(StorageError, match=message):
        Analysis.load(with_members(path, {}, **settings))


def header_of(shape: tuple[int, ...], descr: str = "<f4") -> bytes:
    buffer = io.BytesIO()
    wanted = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, wanted)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        header_of((10**10, 8)),
        header_of((10**10, 8)) + bytes(64),
        header_of((10**30, 0)),
        header_of((-1, 8)),
        header_of((10**12,), "|V0"),
        b"\x93NUMPY\x02\x00" + b"\xff\xff\xff\xff" + bytes(64),
        b"",
    ],
)
def test_no_memory_is_taken_for_what_a_header_says(tmp_path: Path, content: bytes) -> None:
    path = save_analysis(make_analysis(), tmp_path / "run.imbxai")
    with_members(path, {"train_embeddings.npy": content})
    tracemalloc.start()
    with pytest.raises(StorageError, match=r"embeddings"):
        Analysis.load(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


def test_a_small_file_never_becomes_large_arrays(tmp_path: Path) -> None:
    """Zeros packed a thousandfold: as many values as the header says are there."""
    path = save_analysis(make_analysis(), tmp_path / "run.imbxai")
    with_members(path, {"train_embeddings.npy": encoded(np.zeros((68, 10**6), dtype=np.float32))})
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    assert path.stat().st_size < 1_000_000
    del members
    tracemalloc.start()
    with pytest.raises(StorageError, match="its members are compressed"):
        Analysis.load(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_members_that_are_there_twice_are_refused(tmp_path: Path) -> None:
    path = save_analysis(make_analysis(), tmp_path / "run.imbxai")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("train_labels.npy", encoded(np.zeros(68, dtype=np.int64)))
    with pytest.raises(StorageError, match="twice"):
        Analysis.load(path)


def test_paths_that_are_no_utf8_are_saved_and_come_back(tmp_path: Path) -> None:
    analysis = make_analysis(validation=False)
    skipped = (Skipped(68, os.fsdecode(b"/d/caf\xe9.png"), "OSError: caf\udce9"),)
    odd = replace(analysis, train=replace(analysis.train, skipped=skipped))
    assert Analysis.load(odd.save(tmp_path / "run.imbxai")).train.skipped == skipped


def test_arrays_that_were_loaded_can_be_written_to(tmp_path: Path) -> None:
    loaded = Analysis.load(make_analysis().save(tmp_path / "run.imbxai"))
    for array in (loaded.embeddings, loaded.labels, loaded.train.top.probabilities):
        assert array.flags.writeable
        assert array.flags.aligned


@pytest.mark.skipif(os.name != "posix", reason="limits of a process are POSIX's")
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = save_analysis(make_analysis(seed=1), tmp_path / "run.imbxai")
    before = path.read_bytes()
    command = [sys.executable, "-c", SAVE_WITHOUT_SPACE, str(path), str(Path(__file__).parents[1])]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "OSError"
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.imbxai"]


def test_an_interrupt_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save_analysis(make_analysis(seed=1), tmp_path / "run.imbxai")
    before = path.read_bytes()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save_analysis(make_analysis(), path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.imbxai"]


def test_of_two_processes_that_save_to_one_path_one_wins_whole(tmp_path: Path) -> None:
    path = tmp_path / "run.imbxai"
    ours, theirs = make_analysis(seed=1), make_analysis(seed=2)
    command = [sys.executable, "-c", SAVE_OFTEN, str(path), str(Path(__file__).parents[1]), "2"]
    found = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        while other.poll() is None:
            save_analysis(ours, path)
            found.append(Analysis.load(path).embeddings.tobytes())
    assert other.returncode == 0
    assert set(found) == {analysis.embeddings.tobytes() for analysis in (ours, theirs)}
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.imbxai"]

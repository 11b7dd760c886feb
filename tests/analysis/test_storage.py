"""A saved analysis comes back bit by bit, or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from environments import ROOT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from small_analysis import make_analysis

from imbxai_widgets import Analysis
from imbxai_widgets.analysis.storage import StorageError, save_analysis
from imbxai_widgets.compute.neighbors import search as neighbors

ARRAYS = ("labels", "neighbors", "neighbor_distances", "archetypes", "positions")

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
    for name in ("class_names", "top_k", "salient_fraction", "color_scheme"):
        assert getattr(one, name) == getattr(other, name)
    pairs = [(one.embeddings, other.embeddings), (one.color_counts, other.color_counts)]
    for left, right in ((one.train, other.train), (one.validation, other.validation)):
        assert (left is None) == (right is None)
        if left is not None:
            for name in ("skipped", "neighbor_method", "neighbor_recall"):
                assert getattr(left, name) == getattr(right, name)
            pairs += [(getattr(left, name), getattr(right, name)) for name in ARRAYS]
            pairs += zip(left.top, right.top, strict=True)
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
    monkeypatch.setattr(neighbors, "_BALANCE", 0)  # cells, though an exact search is faster here
    analysis = Analysis.from_arrays(rows, labels, labels, validation=some)
    assert analysis.train.neighbor_method == "cells"
    assert 0.9 < analysis.train.neighbor_recall <= 1
    found = f"5 neighbors ({analysis.train.neighbor_recall:.1%} of them found))"
    assert repr(analysis).endswith(found)
    assert_same(Analysis.load(analysis.save(tmp_path / "run.imbxai")), analysis)


def test_images_come_from_the_datasets_given(tmp_path: Path) -> None:
    analysis = make_analysis()
    path = save_analysis(analysis, tmp_path / "run.imbxai")
    pictures = [(torch.full((3, 2, 2), 0.5), 0)] * len(analysis.train)
    loaded = Analysis.load(path, dataset=pictures)
    assert loaded.images is not None
    assert (loaded.images[0] == 128).all()
    with pytest.raises(ValueError, match=r"dataset has 3 images, but 68 were analyzed"):
        Analysis.load(path, dataset=pictures[:3])
    with pytest.raises(ValueError, match=r"validation has 3 images, but 34 were analyzed"):
        Analysis.load(path, validation=pictures[:3])
    alone = save_analysis(make_analysis(validation=False), tmp_path / "alone.imbxai")
    with pytest.raises(ValueError, match="no validation images"):
        Analysis.load(alone, validation=pictures)


def test_images_are_read_as_they_were_for_the_analysis(tmp_path: Path) -> None:
    analysis = make_analysis(validation=False)
    path = analysis.save(tmp_path / "run.imbxai")
    picture = Image.new("RGB", (8, 4), (10, 20, 30))
    samples = [{"photo": picture, "kind": "c0"}] * len(analysis.train)
    halved = Analysis.load(
        path,
        dataset=samples,
        keys=("photo", "kind"),
        transform=lambda image: torch.from_numpy(np.array(image)).movedim(2, 0)[:, :, ::2],
    )
    assert halved.images is not None
    assert halved.images[0].shape == (4, 4, 3)
    assert halved.images[0][0, 0].tolist() == [10, 20, 30]


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


def test_no_pickle_is_ever_loaded(tmp_path: Path) -> None:
    path = save_analysis(make_analysis(), tmp_path / "run.imbxai")
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    meta = json.loads(members["meta.json"])
    members["embeddings.npy"] = buffer.getvalue()
    meta["sha256"]["embeddings.npy"] = hashlib.sha256(buffer.getvalue()).hexdigest()
    members["meta.json"] = json.dumps(meta).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(StorageError, match="embeddings"):
        Analysis.load(path)


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

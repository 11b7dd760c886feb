"""A Ray cluster of two workers gives the analysis that one process gives."""

from __future__ import annotations

import gc
import io
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from torch import nn

from imbxai_widgets import Analysis, RayImages, analyze
from imbxai_widgets.compute.embedding import ray_cluster
from imbxai_widgets.compute.embedding.options import PassOptions
from imbxai_widgets.compute.embedding.ray_cluster import (
    embed_anywhere,
    is_ray_dataset,
    labeled_images,
    own_cluster,
)
from imbxai_widgets.compute.embedding.shards import read_shards

C, SIZE = 3, 90

# Ray warns of its own settings, and does not wait for the processes that it ends.
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning",
    "ignore::FutureWarning",
    "ignore::ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)


@pytest.fixture(scope="module")
def ray_data() -> Iterator[Any]:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # The workers unpickle the transform, a class of this module.
    found = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, found))
    ray = pytest.importorskip("ray")
    _start(ray)
    import ray.data

    ray.data.DataContext.get_current().enable_progress_bars = False
    yield ray.data
    ray.shutdown()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # Ray does not wait for its processes
        del ray
        gc.collect()


def _start(ray: Any) -> None:
    start = partial(ray.init, num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        start()
    except Exception:  # it gives its processes 30 seconds, which a busy machine may need twice
        ray.shutdown()
        start()


@pytest.fixture(scope="module")
def pictures() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (SIZE, 6, 5, 3), dtype=np.uint8), rng.integers(0, C, SIZE)


@pytest.fixture(scope="module")
def model() -> nn.Module:
    torch.manual_seed(0)
    body = [nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*body, nn.Linear(5, C)).train()


class ToFloats:
    """From (H, W, 3) to (3, H, W); once, ends the process that it runs in."""

    def __init__(self, killing: Path | None = None) -> None:
        self._killing = killing
        self._here = os.getpid()

    def __call__(self, image: Any) -> torch.Tensor:
        if self._killing is not None and os.getpid() != self._here:
            try:
                self._killing.touch(exist_ok=False)
            except FileExistsError:
                pass
            else:
                os.kill(os.getpid(), signal.SIGKILL)
        return torch.from_numpy(np.asarray(image).transpose(2, 0, 1) / np.float32(255))


def local(model: nn.Module, pictures: tuple[np.ndarray, np.ndarray], **options: Any) -> Analysis:
    pairs = list(zip(pictures[0], pictures[1].tolist(), strict=True))
    return analyze(
        model, pairs, validation=pairs[:40], transform=ToFloats(), progress=False, **options
    )


def same(found: Analysis, expected: Analysis) -> None:
    assert found.class_names == expected.class_names
    assert_allclose(found.embeddings, expected.embeddings, rtol=1e-4, atol=1e-6)
    for ours, theirs in ((found.train, expected.train), (found.validation, expected.validation)):
        assert ours is not None
        assert theirs is not None
        assert_array_equal(ours.labels, theirs.labels)
        assert_array_equal(ours.top.classes, theirs.top.classes)
        assert_allclose(ours.top.probabilities, theirs.top.probabilities, rtol=1e-4)
        assert_allclose(ours.top.of_labels, theirs.top.of_labels, rtol=1e-4)
        assert_array_equal(ours.positions, theirs.positions)
        assert_array_equal(ours.neighbors, theirs.neighbors)
        assert_array_equal(ours.archetypes, theirs.archetypes)
        assert ours.skipped == theirs.skipped
    assert (found.color_counts is None) == (expected.color_counts is None)
    if expected.color_counts is not None:
        assert_array_equal(found.color_counts, expected.color_counts)
        assert_array_equal(found.train.color_counts, expected.train.color_counts)
    assert found.head is not None
    assert expected.head is not None
    assert_array_equal(found.head.weight, expected.head.weight)
    assert_array_equal(found.head.bias, expected.head.bias)
    assert found.validation is not None
    assert expected.validation is not None
    ours, theirs = found.validation.logits(), expected.validation.logits()
    assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
    assert found.classes().equals(expected.classes())
    assert found.adversaries().equals(expected.adversaries())
    assert found.validation_errors().equals(expected.validation_errors())


def test_a_worker_killed_in_mid_run_changes_nothing(
    ray_data: Any, model: nn.Module, pictures: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    expected = local(model, pictures)
    images, labels = pictures
    rows = [{"image": image, "label": label} for image, label in zip(images, labels, strict=True)]
    dataset = ray_data.from_items(rows, override_num_blocks=6)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    killed = tmp_path / "killed"
    found = analyze(
        model,
        RayImages(dataset, shards=tmp_path / "shards"),
        validation=ray_data.from_items(rows[:40], override_num_blocks=2),
        transform=ToFloats(killed),
        batch_size=8,
        num_workers=2,
    )
    assert killed.exists()
    same(found, expected)
    assert found.images is None
    assert model.training
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert not dataset.context.execution_options.preserve_order
    assert_array_equal(read_shards(f"{tmp_path}/shards/training").embeddings, found.embeddings)


def test_encoded_images_from_parquet_are_read_and_broken_ones_left_out(
    ray_data: Any, model: nn.Module, pictures: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    import pyarrow
    import pyarrow.parquet

    encoded = [_png(image) for image in pictures[0]]
    encoded[50] = b"no image"
    table = {
        "image": encoded,
        "label": pictures[1],
        "path": [f"{number}.png" for number in range(SIZE)],
    }
    for part in range(3):
        rows = slice(part * 30, part * 30 + 30)
        columns = pyarrow.table({name: column[rows] for name, column in table.items()})
        pyarrow.parquet.write_table(columns, tmp_path / f"{part}.parquet")
    with pytest.warns(UserWarning, match=r"1 of 90 images .* image 50 \(50.png\): Unidentified"):
        found = analyze(
            model,
            ray_data.read_parquet(str(tmp_path)),
            transform=ToFloats(),
            salient_fraction=None,
            on_error="skip",
            batch_size=16,
        )
    kept = np.delete(np.arange(SIZE), 50)
    expected = local(model, (pictures[0][kept], pictures[1][kept]), salient_fraction=None)
    assert_array_equal(found.train.positions, kept)
    assert_allclose(found.embeddings, expected.embeddings, rtol=1e-4, atol=1e-6)
    assert_array_equal(found.neighbors, expected.neighbors)
    assert found.adversaries().equals(expected.adversaries())
    assert found.color_counts is None


def _png(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"transform": None}, "image 0 must be"),
        ({"cache": "folder"}, "^cache is of one machine; for a Ray dataset, pass shards"),
        ({"transform": None, "keys": ("image", "nothing")}, "nothing"),
    ],
)
def test_faults_are_told_before_the_cluster_runs(
    ray_data: Any,
    model: nn.Module,
    change: dict[str, Any],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [{"image": np.zeros((6, 5, 3), dtype=np.uint8), "label": 0} for _ in range(9)]
    options: dict[str, Any] = {"transform": ToFloats(), **change}
    with pytest.raises(ValueError, match=message):
        analyze(model, ray_data.from_items(rows), **options)


def test_what_only_a_cluster_needs_is_no_option_of_analyze(
    ray_data: Any, model: nn.Module, tmp_path: Path
) -> None:
    rows = ray_data.range(9)
    images = RayImages(rows, shards=tmp_path, num_gpus=0.5)
    assert (images.rows, images.shards, images.num_gpus) == (rows, tmp_path, 0.5)
    for option in ("shards", "num_gpus"):
        with pytest.raises(TypeError, match=f"unexpected keyword argument '{option}'"):
            analyze(model, rows, **{option: None})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"RayImages takes a ray.data.Dataset, not list"):
        RayImages([])


def test_an_option_that_the_cluster_does_not_know_is_not_dropped(
    ray_data: Any, model: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    @dataclass(frozen=True, kw_only=True, eq=False)
    class MoreOptions(PassOptions):
        precision: str = "half"

    monkeypatch.setattr(ray_cluster, "PassOptions", MoreOptions)
    rows = ray_data.from_items([{"image": np.zeros((6, 5, 3), dtype=np.uint8), "label": 0}] * 9)
    options = MoreOptions(transform=ToFloats(), precision="bfloat16")
    images = labeled_images(rows, "training", options)
    with pytest.raises(AssertionError, match="precision"):
        embed_anywhere(model, images, options, progress=False, description="")


def test_what_fails_in_a_worker_is_told_within_the_error_of_ray(
    ray_data: Any, model: nn.Module
) -> None:
    from ray.exceptions import RayError

    rows = [{"image": np.zeros((6, 5, 3), dtype=np.uint8), "label": n // 20} for n in range(90)]
    with pytest.raises(RayError, match="has label 3, but the model has 3 logits"):
        analyze(model, ray_data.from_items(rows, override_num_blocks=1), transform=ToFloats())


def test_other_datasets_need_no_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(__import__("sys").modules, "ray.data", raising=False)
    assert not is_ray_dataset([])


def test_the_package_gives_the_class_without_importing_ray() -> None:
    code = "import sys; from imbxai_widgets import RayImages; assert 'ray' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_cluster_that_runs_already_is_left_running(ray_data: Any) -> None:
    import ray

    address = ray.get_runtime_context().gcs_address
    with own_cluster([], ray_data.range(9)):
        assert ray.get_runtime_context().gcs_address == address
    assert ray.get_runtime_context().gcs_address == address


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_cluster_of_our_own_listens_on_loopback_alone_and_ends() -> None:
    pytest.importorskip("ray")
    script = Path(__file__).parent / "own_cluster_script.py"
    done = subprocess.run([sys.executable, script], check=True, capture_output=True, text=True)
    addresses = done.stdout.splitlines()[-1].split()
    assert addresses
    assert all(address.endswith("0100007F") for address in addresses)  # 127.0.0.1, also in IPv6

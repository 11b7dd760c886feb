"""The pass over the images by a Ray cluster: a Ray dataset in, Parquet shards out.

Every actor of a pool holds the network and runs its batches as `one_pass` does in one process.
What it finds goes to Parquet files, one row an image; `read_shards` puts them together in
the order of the dataset, and all else (neighbors, archetypes, adversaries, colors) is computed from
that. Needs the extra ``ray``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields, replace
from io import BytesIO
from tempfile import TemporaryDirectory
from typing import Any, assert_never, cast

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import Dataset

from imbxai_widgets.compute.embedding.embedded import Embedded
from imbxai_widgets.compute.embedding.model_state import choose_device
from imbxai_widgets.compute.embedding.one_pass import batch_runner, run_pass, tell_of_skipped
from imbxai_widgets.compute.embedding.options import PassOption, PassOptions
from imbxai_widgets.compute.embedding.saliency import tell_of_colorless
from imbxai_widgets.compute.embedding.shards import read_shards, shard_table
from imbxai_widgets.compute.numeric.types import IntArray
from imbxai_widgets.compute.reading.batches import read_batches
from imbxai_widgets.compute.reading.labeled_images import LabeledImages
from imbxai_widgets.compute.reading.undo import undoing

_ROW = "imbxai_row"  # the number of a row; rising, with gaps
_LOOKED_AT = 8  # rows that are read here before the cluster reads all


def is_ray_dataset(dataset: object) -> bool:
    """Tell whether this is a Ray dataset, without importing Ray.

    Examples
    --------
    >>> is_ray_dataset([])
    False
    """
    ray_data = sys.modules.get("ray.data")
    return ray_data is not None and isinstance(dataset, ray_data.Dataset)


class Rows(Dataset[dict[str, Any]]):
    """Rows of a Ray dataset as samples: dicts of image and label.

    Parameters
    ----------
    columns
        By name, each of B values: arrays; encoded images as bytes, or as a Hugging Face dict with
        the key ``bytes``. A column ``path`` names the images in messages.
    as_tensors
        Whether floating arrays are what the network takes, and not a transform.

    Examples
    --------
    >>> rows = Rows({"image": np.zeros((2, 3, 4, 4)), "label": np.array([1, 0])}, as_tensors=True)
    >>> rows[0]["image"].shape
    torch.Size([3, 4, 4])
    """

    def __init__(self, columns: dict[str, Any], *, as_tensors: bool) -> None:
        self._columns = columns
        self._as_tensors = as_tensors
        self.samples = [(path,) for path in columns.get("path", ())]  # where `path_of` looks

    def __len__(self) -> int:
        return len(next(iter(self._columns.values())))

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {name: self._plain(column[index]) for name, column in self._columns.items()}

    def _plain(self, value: Any) -> Any:
        if isinstance(value, dict) and value.get("bytes") is not None:
            value = value["bytes"]
        if isinstance(value, bytes):
            return Image.open(BytesIO(value))
        if not isinstance(value, np.ndarray):
            return value
        own = np.array(value)  # Ray's arrays cannot be written to, which PyTorch warns of
        return torch.from_numpy(own) if self._as_tensors and own.dtype.kind == "f" else own


@dataclass(frozen=True, eq=False)
class RayImages:
    """The rows of a Ray dataset, and how a cluster runs them through the network.

    Given to `imbxai_widgets.analyze` in place of a dataset; see docs/scale.md.

    Parameters
    ----------
    rows : ray.data.Dataset
        Rows are dicts of an image and its label.
    shards : str or path-like, optional
        A new folder, or a URI as ``s3://bucket/run``, for what the pass finds, as Parquet files;
        without it they are deleted at the end.
    num_gpus : float
        GPUs of each of the `num_workers` actors that hold the network.

    Raises
    ------
    TypeError
        If `rows` is no Ray dataset.

    Examples
    --------
    On a cluster::

        rows = ray.data.read_parquet("s3://bucket/train")
        images = RayImages(rows, shards="s3://bucket/run", num_gpus=1)
        analyze(model, images, transform=transform, num_workers=64)

    Other datasets need no cluster:

    >>> RayImages([("image", 0)])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    TypeError: RayImages takes a ray.data.Dataset, not list; ...
    """

    rows: Any
    shards: str | os.PathLike[str] | None = None
    num_gpus: float = 0

    def __post_init__(self) -> None:
        if not is_ray_dataset(self.rows):
            raise TypeError(
                f"RayImages takes a ray.data.Dataset, not {type(self.rows).__name__}; give any "
                "other dataset to analyze as it is"
            )


class ClusterImages(LabeledImages):
    """A Ray dataset; as a map-style dataset it is its first rows, by which faults are found.

    Parameters
    ----------
    source
        The rows and how they are run.
    part
        The name of the folder of their shards.
    options
        How images and labels are read.

    Raises
    ------
    ValueError
        If the dataset has no rows.
    """

    def __init__(self, source: RayImages, part: str, options: PassOptions) -> None:
        self.source, self.part = source, part
        taken = source.rows.take(_LOOKED_AT)
        columns = {name: [row[name] for row in taken] for name in (taken[0] if taken else ())}
        super().__init__(
            _rows(columns, options) if taken else [],
            transform=options.transform,
            class_names=options.class_names,
            keys=options.keys,
        )


def labeled_images(dataset: Any, part: str, options: PassOptions) -> LabeledImages:
    """Read a dataset of either kind; see `ClusterImages` and `LabeledImages`.

    A Ray dataset by itself is run as `RayImages` does without its options.
    """
    source = RayImages(dataset) if is_ray_dataset(dataset) else dataset
    if isinstance(source, RayImages):
        return ClusterImages(source, part, options)
    return options.images(source)


def _rows(columns: dict[str, Any], options: PassOptions) -> Rows:
    return Rows(columns, as_tensors=options.transform is None)


@contextmanager
def own_cluster(*datasets: object) -> Iterator[None]:
    """Have Ray run, if one of the datasets is for it; stop it at the end, if it was started here.

    Where Ray runs, or ``RAY_ADDRESS`` names a cluster, that one is used and left running. One
    that is started here is of this machine alone: it listens on the loopback address, and shows
    no dashboard.

    Examples
    --------
    >>> with own_cluster([], None):
    ...     pass
    """
    if not any(isinstance(one, RayImages) or is_ray_dataset(one) for one in datasets):
        yield
        return
    import ray

    if ray.is_initialized() or os.environ.get("RAY_ADDRESS"):
        yield
        return
    with _on_loopback():
        ray.init(address="local", include_dashboard=False)
    try:
        yield
    finally:
        ray.shutdown()


@contextmanager
def _on_loopback() -> Iterator[None]:
    """Have the processes of Ray that are started meanwhile listen on the loopback address alone.

    That is what Ray does on Windows and macOS. On Linux only this variable tells it to; Ray read
    it here when it was imported, and its processes read it when they start.
    """
    from ray._private import ray_constants

    name = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
    before, known = os.environ.get(name), ray_constants.ENABLE_RAY_CLUSTER
    os.environ[name], ray_constants.ENABLE_RAY_CLUSTER = "0", False
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = known
        del os.environ[name]
        if before is not None:
            os.environ[name] = before


@dataclass(frozen=True)
class _Job:
    """What an actor must know: all options, so that none is left behind."""

    model: nn.Module
    options: PassOptions


class _Actor:
    """Runs the batches that it is given through its copy of the network."""

    def __init__(self, job: list[Any]) -> None:  # in a list, since Ray would follow it itself
        import ray

        self._job: _Job = ray.get(job[0])
        device = choose_device(self._job.model, self._job.options.device)
        # Open as long as the actor lives, whose own the network is.
        self._open = ExitStack()
        names = self._job.options.class_names
        self._runner = self._open.enter_context(
            batch_runner(
                self._job.model,
                self._job.options,
                device,
                n_classes=None if names is None else len(names),
            )
        )

    def __call__(self, columns: dict[str, Any]) -> Any:
        options, numbers = self._job.options, columns.pop(_ROW)
        rows = _rows(columns, options)
        samples = options.samples(options.images(rows))
        with _numbered(numbers):
            with read_batches(samples, [range(len(rows))], on_error=options.on_error) as readings:
                (reading,) = readings
            part = None if reading.batch is None else self._runner.run(reading.batch)
        return shard_table(numbers, part, reading.skipped)


@contextmanager
def _numbered(numbers: IntArray) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        error.add_note(f"Images are numbered here within a batch of {len(numbers)} rows.")
        raise


def embed_anywhere(
    model: nn.Module,
    images: LabeledImages,
    options: PassOptions,
    *,
    progress: bool,
    description: str,
    check_steadiness: bool = False,
) -> Embedded:
    """Run a pass in this process, or on the cluster for a Ray dataset; see `run_pass`.

    Ray shows its own progress.
    """
    if not isinstance(images, ClusterImages):
        return run_pass(
            model,
            images,
            options,
            progress=progress,
            description=description,
            check_steadiness=check_steadiness,
        )
    for field in fields(PassOptions):
        _check_for_ray(cast(PassOption, field.name), options)
    head = None
    if check_steadiness:  # by the first rows, here, where its warning is seen
        here = replace(options, num_workers=0)
        head = run_pass(model, images, here, progress=False, check_steadiness=True).head
    with _shards_folder(images) as folder:
        _run(_Job(model, options), images, folder)
        embedded = read_shards(folder)
    tell_of_skipped(embedded.skipped, len(embedded.labels) + len(embedded.skipped))
    tell_of_colorless(embedded.color_counts, options.color_bins)
    return replace(embedded, head=head)


def _check_for_ray(name: PassOption, options: PassOptions) -> None:
    """Refuse what a cluster cannot do; an option that is not dealt with here fails."""
    match name:
        case "transform" | "keys" | "class_names" | "display_transform" | "on_error":
            pass  # an actor reads its rows with them
        case "layer" | "device" | "salient_fraction" | "color_bins":
            pass  # an actor runs its batches with them
        case "batch_size" | "num_workers":
            pass  # the rows of a batch, and the number of actors
        case "cache":
            if options.cache is not None:
                raise ValueError(
                    "cache is of one machine; for a Ray dataset, pass shards to keep results: "
                    "RayImages(rows, shards=...)"
                )
        case "cache_check":
            pass  # of the cache, which there is none of
        case _:
            assert_never(name)


def _run(job: _Job, images: ClusterImages, folder: str) -> None:
    """Have a pool of actors write the shards; Ray runs anew what a killed one had begun."""
    import ray
    from ray.data import ActorPoolStrategy, SaveMode
    from ray.data.expressions import monotonically_increasing_id

    size = job.options.num_workers
    rows = images.source.rows
    pool = ActorPoolStrategy(size=size) if size else ActorPoolStrategy(min_size=1)
    kept = ray.put(job)  # the model is sent once to each node, and held until all is done
    found = rows.with_column(_ROW, monotonically_increasing_id()).map_batches(
        _Actor,
        fn_constructor_args=([kept],),
        batch_size=job.options.batch_size,
        compute=pool,
        num_gpus=images.source.num_gpus or None,
    )
    with _in_order(rows.context.execution_options):
        found.write_parquet(folder, mode=SaveMode.ERROR)


@contextmanager
def _in_order(options: Any) -> Iterator[None]:
    """Have Ray number its tasks, and with them the rows, in the order of the dataset."""
    with undoing() as changes:
        changes.set(options, "preserve_order", True)
        yield


@contextmanager
def _shards_folder(images: ClusterImages) -> Iterator[str]:
    """Give the folder for the shards; without one, one that is deleted at the end."""
    import ray

    if images.source.shards is not None:
        yield f"{os.fspath(images.source.shards).rstrip('/')}/{images.part}"
        return
    if sum(node["Alive"] for node in cast(Any, ray).nodes()) > 1:
        raise ValueError(
            "the cluster has several machines, so shards must be given: a folder or URI that all "
            'of them reach, for instance RayImages(rows, shards="s3://bucket/run")'
        )
    with TemporaryDirectory(prefix="imbxai-shards-") as folder:
        yield f"{folder}/{images.part}"

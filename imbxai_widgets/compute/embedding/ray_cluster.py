"""The pass over the images by a Ray cluster: a Ray dataset in, Parquet shards out.

Every actor of a pool holds the network and runs its batches as `one_pass` does in one process.
What it finds goes to Parquet files, one row an image; `read_shards` puts them together in the
order of the dataset, and all else (neighbors, archetypes, adversaries, colors) is computed from
that. Needs the extra ``ray``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BytesIO
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import Dataset

from imbxai_widgets.compute.embedding.embedded import Collector, Embedded
from imbxai_widgets.compute.embedding.model_state import choose_device
from imbxai_widgets.compute.embedding.one_pass import Saliency, batch_runner, embed, tell_of_skipped
from imbxai_widgets.compute.numeric.probabilities import TopProbabilities
from imbxai_widgets.compute.numeric.types import IntArray
from imbxai_widgets.compute.reading.batches import OnError, read_batches
from imbxai_widgets.compute.reading.display import DisplayTransform
from imbxai_widgets.compute.reading.labeled_images import LabeledImages, Skipped
from imbxai_widgets.compute.reading.samples import Samples

_ROW = "imbxai_row"  # the number of a row; rising, with gaps
_TOP = [f"top_{name}" for name in TopProbabilities._fields]
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


class Cluster(NamedTuple):
    """How a Ray cluster runs the passes."""

    shards: str | os.PathLike[str] | None  # the folder of what the passes find
    num_gpus: float  # of each actor


class RayImages(LabeledImages):
    """A Ray dataset; as a map-style dataset it is its first rows, by which faults are found.

    Parameters
    ----------
    rows
        The Ray dataset.
    part
        The name of the folder of its shards.
    cluster
        How it is run.
    options
        As for `LabeledImages`.

    Raises
    ------
    ValueError
        If the dataset has no rows.
    """

    def __init__(self, rows: Any, part: str, cluster: Cluster, **options: Any) -> None:
        self.rows, self.part, self.cluster, self.options = rows, part, cluster, options
        taken = rows.take(_LOOKED_AT)
        columns = {name: [row[name] for row in taken] for name in (taken[0] if taken else ())}
        super().__init__(_rows(columns, options) if taken else [], **options)

    def first(self, size: int) -> LabeledImages:
        """Return the first rows, as images of this process."""
        return LabeledImages(self.dataset, **self.options).first(size)


def labeled_images(dataset: Any, part: str, cluster: Cluster, **options: Any) -> LabeledImages:
    """Read a dataset of either kind; see `RayImages` and `LabeledImages`."""
    if is_ray_dataset(dataset):
        return RayImages(dataset, part, cluster, **options)
    return LabeledImages(dataset, **options)


def _rows(columns: dict[str, Any], options: dict[str, Any]) -> Rows:
    return Rows(columns, as_tensors=options.get("transform") is None)


@dataclass(frozen=True)
class _Job:
    """What an actor must know."""

    model: nn.Module
    layer: nn.Module | str | None
    device: torch.device | str | None
    saliency: Saliency | None
    display_transform: DisplayTransform | None
    on_error: OnError
    options: dict[str, Any]


class _Actor:
    """Runs the batches that it is given through its copy of the network."""

    def __init__(self, job: list[Any]) -> None:  # in a list, since Ray would follow it itself
        import ray

        self._job: _Job = ray.get(job[0])
        device = choose_device(self._job.model, self._job.device)
        # Open as long as the actor lives, whose own the network is.
        self._open = ExitStack()
        self._runner = self._open.enter_context(
            batch_runner(self._job.model, self._job.layer, device, self._job.saliency)
        )

    def __call__(self, columns: dict[str, Any]) -> Any:
        job, numbers = self._job, columns.pop(_ROW)
        rows = _rows(columns, job.options)
        samples = Samples(
            LabeledImages(rows, **job.options),
            colors=job.saliency is not None,
            display_transform=job.display_transform,
        )
        with _numbered(numbers):
            with read_batches(samples, [range(len(rows))], on_error=job.on_error) as readings:
                (reading,) = readings
            part = None if reading.batch is None else self._runner.run(reading.batch)
        return _table(numbers, part, reading.skipped)


@contextmanager
def _numbered(numbers: IntArray) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        error.add_note(f"Images are numbered here within a batch of {len(numbers)} rows.")
        raise


def embed_anywhere(model: nn.Module, images: LabeledImages, **options: Any) -> Embedded:
    """Run a pass in this process, or on the cluster for a Ray dataset; options as for `embed`."""
    if not isinstance(images, RayImages):
        return embed(model, images, **options)
    if options.get("cache") is not None:
        raise ValueError("cache is of one machine; for a Ray dataset, pass shards to keep results")
    saliency = Saliency.of(options.pop("salient_fraction", None), options.pop("color_bins"))
    batch_size, num_workers = options["batch_size"], options["num_workers"]
    chosen = {name: options[name] for name in ("layer", "device", "display_transform", "on_error")}
    with _shards_folder(images) as folder:
        job = _Job(model, saliency=saliency, options=images.options, **chosen)
        _run(job, images, folder, batch_size, num_workers)
        embedded = read_shards(folder)
    tell_of_skipped(embedded.skipped, len(embedded.labels) + len(embedded.skipped))
    return embedded


def _run(job: _Job, images: RayImages, folder: str, batch_size: int, num_workers: int) -> None:
    """Have a pool of actors write the shards; Ray runs anew what a killed one had begun."""
    import ray
    from ray.data import ActorPoolStrategy, SaveMode
    from ray.data.expressions import monotonically_increasing_id

    pool = ActorPoolStrategy(size=num_workers) if num_workers else ActorPoolStrategy(min_size=1)
    kept = ray.put(job)  # the model is sent once to each node, and held until all is done
    found = images.rows.with_column(_ROW, monotonically_increasing_id()).map_batches(
        _Actor,
        fn_constructor_args=([kept],),
        batch_size=batch_size,
        compute=pool,
        num_gpus=images.cluster.num_gpus or None,
    )
    with _in_order(images.rows.context.execution_options):
        found.write_parquet(folder, mode=SaveMode.ERROR)


@contextmanager
def _in_order(options: Any) -> Iterator[None]:
    """Have Ray number its tasks, and with them the rows, in the order of the dataset."""
    before, options.preserve_order = options.preserve_order, True
    try:
        yield
    finally:
        options.preserve_order = before


@contextmanager
def _shards_folder(images: RayImages) -> Iterator[str]:
    """Give the folder for the shards; without one, one that is deleted at the end."""
    import ray

    if images.cluster.shards is not None:
        yield f"{os.fspath(images.cluster.shards).rstrip('/')}/{images.part}"
        return
    if sum(node["Alive"] for node in cast(Any, ray).nodes()) > 1:
        raise ValueError(
            "the cluster has several machines, so shards must be given: a folder or URI that all "
            'of them reach, for instance shards="s3://bucket/run"'
        )
    with TemporaryDirectory(prefix="imbxai-shards-") as folder:
        yield f"{folder}/{images.part}"


def read_shards(folder: str) -> Embedded:
    """Put the shards of a pass together, in the order of the dataset.

    Parameters
    ----------
    folder
        That of the images of one part, such as ``"s3://bucket/run/training"``.

    Returns
    -------
    Embedded

    Raises
    ------
    ValueError
        If a row is there twice, as where two runs wrote to one folder.
    """
    import pyarrow
    import pyarrow.dataset

    shards = pyarrow.dataset.dataset(folder, format="parquet")
    order = np.sort(shards.to_table(columns=["row"])["row"].to_numpy())
    if (order[1:] == order[:-1]).any():
        raise ValueError(f"the shards in {folder} hold rows twice; run the pass into a new folder")
    collector = Collector(len(order))
    for table in shards.to_batches():
        read = table["reason"].is_null().to_numpy(zero_copy_only=False)
        numbers = np.searchsorted(order, table["row"].to_numpy())
        broken = table.filter(pyarrow.array(~read))
        paths, reasons = broken["path"].to_pylist(), broken["reason"].to_pylist()
        collector.skip(map(Skipped, numbers[~read].tolist(), paths, reasons))
        if read.any():
            collector.add(_part(table.filter(pyarrow.array(read)), numbers[read]))
    return collector.collected()


def _table(numbers: IntArray, part: Embedded | None, skipped: Sequence[Skipped]) -> Any:
    """Return what a shard holds of a batch: its images, then those that could not be read."""
    import pyarrow

    tables = []
    if part is not None:
        columns = {name: _column(array) for name, array in part.arrays().items()}
        columns["row"] = pyarrow.array(numbers[part.positions])
        columns["n_classes"] = pyarrow.array(np.full(len(part.labels), part.n_classes))
        tables.append(_filled(columns, len(part.labels)))
    if skipped:
        broken = {
            "row": pyarrow.array(numbers[[image.position for image in skipped]]),
            "path": pyarrow.array([image.path for image in skipped], pyarrow.string()),
            "reason": pyarrow.array([image.reason for image in skipped]),
        }
        tables.append(_filled(broken, len(skipped)))
    return pyarrow.concat_tables(tables)


def _column(array: Any) -> Any:
    import pyarrow

    if array.ndim == 1:
        return pyarrow.array(array)
    ends = np.arange(len(array) + 1, dtype=np.int32) * array.shape[1]
    return pyarrow.ListArray.from_arrays(ends, np.ascontiguousarray(array).ravel())


def _filled(columns: dict[str, Any], size: int) -> Any:
    """Make a table with the columns that every shard has; what is not known is null."""
    import pyarrow

    integers, floats = pyarrow.list_(pyarrow.int64()), pyarrow.list_(pyarrow.float32())
    schema = {
        "row": pyarrow.int64(),
        "labels": pyarrow.int64(),
        "embeddings": floats,
        "top_classes": integers,
        "top_probabilities": floats,
        "top_of_labels": pyarrow.float32(),
        "color_counts": integers,
        "n_classes": pyarrow.int64(),
        "path": pyarrow.string(),
        "reason": pyarrow.string(),
    }
    arrays = [columns.get(name, pyarrow.nulls(size, kind)) for name, kind in schema.items()]
    return pyarrow.table(arrays, schema=pyarrow.schema(list(schema.items())))


def _part(table: Any, positions: IntArray) -> Embedded:
    """Return the images of a table that `_table` made."""
    import pyarrow

    arrays: dict[str, Any] = {"positions": positions}
    for name in ("embeddings", "labels", "color_counts", *_TOP):
        column = table[name]
        if column.null_count:
            continue  # colors that were not asked for
        lists = pyarrow.types.is_list(column.type)
        values = (column.flatten() if lists else column).to_numpy(zero_copy_only=False)
        arrays[name] = values.reshape(len(table), -1) if lists else values
    return Embedded.of_arrays(arrays, table["n_classes"][0].as_py())

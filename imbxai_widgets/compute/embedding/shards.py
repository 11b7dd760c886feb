"""What the actors of a Ray cluster find, as Parquet files: one row an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from imbxai_widgets.compute.embedding.embedded import Collector, Embedded
from imbxai_widgets.compute.numeric.probabilities import TopProbabilities
from imbxai_widgets.compute.numeric.types import IntArray
from imbxai_widgets.compute.reading.labeled_images import Skipped

_TOP = [f"top_{name}" for name in TopProbabilities._fields]


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


def shard_table(numbers: IntArray, part: Embedded | None, skipped: Sequence[Skipped]) -> Any:
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
        "pixel_counts": integers,
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
    for name in ("embeddings", "labels", "color_counts", "pixel_counts", *_TOP):
        column = table[name]
        if column.null_count:
            continue  # colors that were not asked for
        lists = pyarrow.types.is_list(column.type)
        values = (column.flatten() if lists else column).to_numpy(zero_copy_only=False)
        arrays[name] = values.reshape(len(table), -1) if lists else values
    return Embedded.of_arrays(arrays, table["n_classes"][0].as_py())

"""Marked images: their keys, as they cross to the front end, and what is known of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.analysis.split import SplitName
from imbxai_widgets.explorer.thumbnails import files_of

SPLITS: tuple[SplitName, SplitName] = ("training", "validation")


def rows_of(keys: Sequence[str]) -> dict[SplitName, list[int]]:
    """Return the rows of each split that keys name, in their order.

    Raises
    ------
    ValueError
        If a text is no key.

    Examples
    --------
    >>> rows_of(["validation:3", "training:12", "validation:0"])
    {'training': [12], 'validation': [3, 0]}
    """
    rows: dict[SplitName, list[int]] = {name: [] for name in SPLITS}
    for key in keys:
        name, _, row = key.partition(":")
        if name not in rows or not row.isdecimal():
            raise ValueError(f"marked must hold keys such as 'training:12', not {key!r}.")
        rows[name].append(int(row))
    return rows


def place_of(analysis: Analysis, key: str) -> tuple[SplitName, int]:
    """Return split and row of the image that a key names.

    Raises
    ------
    ValueError
        If there is no such image.

    Examples
    --------
    >>> place_of(analysis, "validation:3")
    ('validation', 3)
    """
    rows = rows_of([key])
    split: SplitName = "training" if rows["training"] else "validation"
    size = len(analysis.split(split))
    if rows[split][0] >= size:
        raise ValueError(f"there is no image {key!r}: there are {size} {split} images.")
    return split, rows[split][0]


def marked_table(analysis: Analysis, keys: Sequence[str]) -> pd.DataFrame:
    """Return one row for each marked image, in the order of the keys.

    Parameters
    ----------
    analysis : Analysis
    keys : sequence of str
        ``"training:12"`` or ``"validation:3"``: rows of a split.

    Returns
    -------
    DataFrame
        The columns of `Analysis.image_table`, after ``split`` ("training" or "validation") and
        ``file``, the path as the dataset has it, None where it tells none.

    Raises
    ------
    ValueError
        If a key names no image.

    Examples
    --------
    >>> marked_table(analysis, ["validation:807", "training:1882"])[["split", "prediction"]]
                split prediction
    image
    807    validation       Food
    1882     training     Plants
    """
    tables = []
    for name, rows in rows_of(keys).items():
        if not rows and name != "training":
            continue
        images = analysis.split(name)
        chosen = np.asarray(rows, dtype=np.int64)
        table = analysis.image_table(chosen, name)
        table.insert(0, "split", name)
        table.insert(1, "file", files_of(images, chosen))
        tables.append(table)
    table = pd.concat(tables)
    by_split = [key for name in SPLITS for key in keys if key.startswith(f"{name}:")]
    places = {key: at for at, key in enumerate(by_split)}
    return table.iloc[[places[key] for key in keys]]

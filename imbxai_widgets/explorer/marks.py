"""Marked images: their keys, as they cross to the front end, and what is known of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.compute.reading.splits import SPLITS, SplitName
from imbxai_widgets.edits.identity import files_of, rows_of


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
    rows = rows_of([key], "marked must hold keys")
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
    for name, rows in rows_of(keys, "marked must hold keys").items():
        if not rows and name != "training":
            continue
        images = analysis.split(name)
        chosen = np.asarray(rows, dtype=np.int64)
        table = analysis.image_table(chosen, name)
        table.insert(0, "split", name)
        table.insert(1, "file", files_of(images, chosen.tolist()))
        tables.append(table)
    table = pd.concat(tables)
    by_split = [key for name in SPLITS for key in keys if key.startswith(f"{name}:")]
    places = {key: at for at, key in enumerate(by_split)}
    return table.iloc[[places[key] for key in keys]]

"""Where images lie on a map: feature embeddings in two dimensions."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import numpy as np

from imbxai_widgets.compute.numeric.blocks import column_means, row_blocks
from imbxai_widgets.compute.numeric.types import DoubleArray, FloatArray

# "own": coordinates that were given.
ProjectionName: TypeAlias = Literal["pca", "umap", "own"]

_SEED: Final = 0
# The square of the smaller side of the embeddings is decomposed; of more than this, as of no common
# network, that of as many rows.
_LARGEST_SQUARE: Final = 4096
# Larger squares are multiplied with some vectors again and again, until the first two of these
# stand still: of 2,048 features that takes a second, where all of their directions take seven.
_QUICK: Final = 256
_SOUGHT: Final = 16
_ROUNDS: Final = 50
_MISSED: Final = 1e-10
_NO_UMAP: Final = (
    'projection="umap" needs the package umap-learn: pip install "imbxai_widgets[umap]"; "pca" '
    "does without"
)
_GRAPH: Final = 15  # neighbors in the graph of UMAP, as by its default


class MapPoints(NamedTuple):
    """Where the images of either split lie.

    Attributes
    ----------
    training : float32 array, shape (N, 2)
    validation : float32 array, shape (M, 2), or None
    """

    training: FloatArray
    validation: FloatArray | None


def pca_points(training: FloatArray, validation: FloatArray | None = None) -> MapPoints:
    """Place images by the two directions in which training images vary most.

    Parameters
    ----------
    training : float32 array, shape (N, D)
        Feature embeddings of training images, finite.
    validation : float32 array, shape (M, D), optional
        Those of validation images, which are placed by the same directions.

    Returns
    -------
    MapPoints
        In units of the embeddings, from the mean of the training images. Of each direction, the
        feature that weighs most points to the right, or up. The second coordinate is 0 where there
        is no second direction.

    Raises
    ------
    ValueError
        If the embeddings are beyond what float32 holds of the coordinates.

    Notes
    -----
    In float64, of all training images; where these and the features are more than 4,096, the
    directions are those of 4,096 training images, drawn by a fixed seed. A million embeddings of
    512 features take some 20 seconds.

    Examples
    --------
    >>> line = np.float32([[0, 0], [2, 2], [4, 4]])
    >>> pca_points(line, np.float32([[2, 2], [5, 4]])).validation.round(3)
    array([[0.   , 0.   ],
           [3.536, 0.   ]], dtype=float32)
    """
    center = column_means(training, 1.0)
    axes = _axes(training, center)
    placed = _placed(training, center, axes)
    return MapPoints(placed, None if validation is None else _placed(validation, center, axes))


def _axes(rows: FloatArray, center: DoubleArray) -> DoubleArray:
    """Return the first two principal directions, (D, 2), zeros for those that there are not."""
    if min(rows.shape) > _LARGEST_SQUARE:
        drawn = np.random.default_rng(_SEED).choice(len(rows), _LARGEST_SQUARE, replace=False)
        rows = rows[np.sort(drawn)]
    if len(rows) <= rows.shape[1]:
        values, vectors = _leading(_products(rows - center))
        first = (rows - center).T @ vectors
    else:
        square = np.zeros((rows.shape[1],) * 2)
        for block in row_blocks(len(rows), rows.shape[1] * 8):
            square += _products((rows[block] - center).T)
        values, first = _leading(square)
    # Directions without variance would be those of rounding.
    known = values > values.max(initial=0) * min(rows.shape) * np.finfo(np.float64).eps
    axes = np.zeros((rows.shape[1], 2))
    for at in np.flatnonzero(known).tolist():
        axis = first[:, at] / np.linalg.norm(first[:, at])
        axes[:, at] = axis * np.sign(axis[np.abs(axis).argmax()])
    return axes


def _products(matrix: DoubleArray) -> DoubleArray:
    """Return the products of all rows with all rows."""
    products: DoubleArray = matrix @ matrix.T
    return products


def _leading(square: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    """Return the two largest eigenvalues of a symmetric matrix, and their vectors as columns."""
    vectors = np.random.default_rng(_SEED).normal(size=(len(square), _SOUGHT))
    for _ in range(_ROUNDS if len(square) > _QUICK else 0):
        vectors = np.linalg.qr(square @ vectors)[0]
        values, turned = np.linalg.eigh(vectors.T @ square @ vectors)
        first = vectors @ turned[:, :-3:-1]
        missed = np.linalg.norm(square @ first - first * values[:-3:-1], axis=0)
        if (missed <= _MISSED * values[-1]).all():
            return values[:-3:-1], first
    values, vectors = np.linalg.eigh(square)
    return values[:-3:-1], vectors[:, :-3:-1]


def _placed(rows: FloatArray, center: DoubleArray, axes: DoubleArray) -> FloatArray:
    placed = np.empty((len(rows), 2), dtype=np.float64)
    for block in row_blocks(len(rows), rows.shape[1] * 8):
        placed[block] = (rows[block] - center) @ axes
    if np.abs(placed).max(initial=0) > np.finfo(np.float32).max:
        raise ValueError("the embeddings are too large for a map: its coordinates exceed float32")
    return placed.astype(np.float32)


def umap_points(
    training: FloatArray, validation: FloatArray | None = None, *, progress: bool = True
) -> MapPoints:
    """Place images by UMAP, fitted to the training images, by a fixed seed.

    Parameters
    ----------
    training : float32 array, shape (N, D)
        Feature embeddings of training images, finite.
    validation : float32 array, shape (M, D), optional
        Those of validation images, which are placed among them afterwards.
    progress : bool
        Whether to show progress bars.

    Returns
    -------
    MapPoints
        The same on one machine for the same embeddings and versions of umap-learn and numba.

    Raises
    ------
    ImportError
        If umap-learn is not installed.
    ValueError
        If there are 15 training images or fewer.

    Notes
    -----
    Source: McInnes et al., "UMAP: Uniform Manifold Approximation and Projection" (2018), by the
    package umap-learn with its own settings. A fixed seed leaves it one thread.

    Examples
    --------
    >>> umap_points(np.zeros((3, 2), dtype=np.float32))
    Traceback (most recent call last):
        ...
    ValueError: projection="umap" needs more than 15 training images, not 3; "pca" does with fewer
    """
    if len(training) <= _GRAPH:
        raise ValueError(
            f'projection="umap" needs more than {_GRAPH} training images, not {len(training)}; '
            '"pca" does with fewer'
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ImportWarning)  # tensorflow serves other maps
            from umap import UMAP
    except ImportError as error:
        raise ImportError(_NO_UMAP) from error
    bar: dict[str, Any] = {"disable": not progress, "leave": False, "desc": "Map"}
    fitted = UMAP(n_neighbors=_GRAPH, random_state=_SEED, n_jobs=1, tqdm_kwds=bar)
    placed = np.asarray(fitted.fit_transform(training), dtype=np.float32)
    if validation is None or not len(validation):
        return MapPoints(placed, None if validation is None else np.zeros((0, 2), np.float32))
    bar["desc"] = "Validation images on the map"
    return MapPoints(placed, np.asarray(fitted.transform(validation), dtype=np.float32))


def check_projection(given: Any) -> None:
    """Refuse what is no projection, before any long work.

    Parameters
    ----------
    given
        "pca", "umap" or a pair of arrays, whose shapes are not looked at.

    Raises
    ------
    ValueError
        If it is none of these.
    ImportError
        If it is "umap" and the package umap-learn is not installed.

    Examples
    --------
    >>> check_projection("pca")
    """
    if isinstance(given, str) and given in ("pca", "umap"):
        if given == "umap" and find_spec("umap") is None:
            raise ImportError(_NO_UMAP)
    elif isinstance(given, str) or not isinstance(given, tuple | list) or len(given) not in (1, 2):
        raise ValueError(
            'projection must be "pca", "umap" or a pair of arrays, (train, validation), of shapes '
            f"(N, 2) and (M, 2), not {_told(given)}"
        )


def own_points(given: Any, n_training: int, n_validation: int | None) -> MapPoints:
    """Check coordinates that were given, as `(train, validation)`.

    Parameters
    ----------
    given : pair of arrays, shapes (N, 2) and (M, 2)
        The second one is None, or left out, where there are no validation images.
    n_training, n_validation : int
        How many images there are; None where no validation images were given.

    Returns
    -------
    MapPoints
        As float32.

    Raises
    ------
    ValueError
        If they are not of these shapes, or not finite as float32; the message names the array and
        rows.

    Examples
    --------
    >>> own_points(([[0, 1], [2, 3]], None), 2, None).training.tolist()
    [[0.0, 1.0], [2.0, 3.0]]
    >>> own_points(([[0, 1], [2, 3]], None), 3, None)
    Traceback (most recent call last):
        ...
    ValueError: projection: the training array must have the shape (3, 2), not (2, 2)
    """
    check_projection(given)
    training, validation = given[0], given[1] if len(given) == 2 else None
    if (validation is None) != (n_validation is None):
        raise ValueError(
            "projection: there are no validation images; give (train, None)"
            if n_validation is None
            else f"projection: coordinates of the {n_validation} validation images are missing; "
            "give (train, validation)"
        )
    return MapPoints(
        _own(training, "training", n_training),
        None if n_validation is None else _own(validation, "validation", n_validation),
    )


def _own(given: Any, which: str, size: int) -> FloatArray:
    what = f"projection: the {which} array must"
    try:
        array = np.asarray(given)
    except ValueError:
        raise ValueError(f"{what} be one of numbers, not {_told(given)}") from None
    if array.shape != (size, 2):
        raise ValueError(f"{what} have the shape ({size}, 2), not {array.shape}")
    if array.dtype.kind not in "fiu":
        raise ValueError(f"{what} hold real numbers, not {array.dtype}")
    with np.errstate(over="ignore"):
        points = array.astype(np.float32)
    wrong = np.flatnonzero(~np.isfinite(points).all(axis=1))
    if len(wrong):
        rows = ", ".join(map(str, wrong[:5])) + (", ..." if len(wrong) > 5 else "")
        raise ValueError(f"{what} be finite, but {len(wrong)} of its {size} rows are not: {rows}")
    return points


def _told(given: Any) -> str:
    if isinstance(given, str):
        return repr(given)
    shape = getattr(given, "shape", None)
    return type(given).__name__ if shape is None else f"one array of shape {tuple(shape)}"

"""What datasets and models of Hugging Face tell; its packages are not imported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def features_of(dataset: Any) -> Mapping[str, Any]:
    """Return the types of a Hugging Face dataset's columns by name; empty for any other dataset.

    Examples
    --------
    >>> features_of([])
    {}
    """
    features = getattr(dataset, "features", None)
    if isinstance(features, Mapping) and hasattr(dataset, "with_format"):
        return features
    return {}


def image_columns(features: Mapping[str, Any]) -> list[str]:
    """Return the columns that hold images.

    Examples
    --------
    >>> image_columns({})
    []
    """
    return [name for name, kind in features.items() if type(kind).__name__ == "Image"]


def class_columns(features: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the columns whose values are numbers of named classes, with these names.

    Examples
    --------
    >>> class_columns({})
    {}
    """
    return {
        name: tuple(kind.names)
        for name, kind in features.items()
        if type(kind).__name__ == "ClassLabel"
    }


def column_of(dataset: Any, name: str) -> list[Any]:
    """Read a whole column as it is stored, whatever the format set; no image is decoded."""
    values: list[Any] = dataset.with_format("arrow")[:][name].to_pylist()
    return values


def paths_in_columns(dataset: Any, indices: list[int]) -> list[str | None]:
    """Return the paths beside images, which the format set hides; no image is decoded.

    Examples
    --------
    >>> paths_in_columns([], [0, 5])
    [None, None]
    """
    if not features_of(dataset) or not indices:
        return [None] * len(indices)
    found: list[str | None] = []
    # At once: to set a format takes longer than to read a row.
    for row in dataset.with_format("arrow")[indices].to_pylist():
        paths = (value.get("path") for value in row.values() if isinstance(value, Mapping))
        found.append(next((path for path in paths if isinstance(path, str)), None))
    return found


def set_transform_of(dataset: Any) -> Any:
    """Return the function that ``with_transform`` or ``set_transform`` gave, or None."""
    if not features_of(dataset):
        return None
    return dataset.format["format_kwargs"].get("transform")


def logit_names(model: Any) -> dict[int, str]:
    """Return the names of a model's logits that its configuration, `config.id2label`, gives.

    Parameters
    ----------
    model
        A `torch.nn.Module`: a model of transformers, or one that wraps one.

    Returns
    -------
    dict
        By the number of the logit; empty if there are none, or several models tell other ones.
        The names "LABEL_0" and so on, which transformers makes up, are none.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> model = SimpleNamespace(config=SimpleNamespace(id2label={0: "cat", 1: "dog"}))
    >>> model.modules = lambda: [model]
    >>> logit_names(model)
    {0: 'cat', 1: 'dog'}
    """
    found: list[dict[int, str]] = []
    for module in getattr(model, "modules", list)():
        names = getattr(getattr(module, "config", None), "id2label", None)
        if isinstance(names, Mapping) and names:
            told = {int(label): str(name) for label, name in names.items()}
            if told not in found and any(name != f"LABEL_{i}" for i, name in told.items()):
                found.append(told)
    return found[0] if len(found) == 1 else {}

"""The two splits of the data: the images that a model was trained on, and others."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

SplitName: TypeAlias = Literal["training", "validation"]

SPLITS: Final[tuple[SplitName, SplitName]] = ("training", "validation")

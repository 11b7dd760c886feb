"""Figures that pages tell, in small files that are committed, with what made them."""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
import torch

FOLDER = Path(__file__).parent / "results"


def described(figures: Any) -> dict[str, Any]:
    """Return figures with the command that was given and the versions."""
    stem = Path(sys.argv[0]).stem
    module = "" if stem == "__main__" else f".{stem}"
    return {
        "command": " ".join([f"python -m tests.benchmarks{module}", *sys.argv[1:]]),
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scikit-learn": sklearn.__version__,
            "torch": torch.__version__,
        },
        "figures": figures,
    }


def write_results(name: str, figures: Any) -> Path:
    """Write figures to results/NAME.json, described."""
    path = FOLDER / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(described(figures), indent=1) + "\n", encoding="utf-8")
    return path


def read_results(name: str) -> Any:
    """Return the figures of results/NAME.json."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["figures"]

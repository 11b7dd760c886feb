"""Figures of a benchmark that may be cut off: each part is written as soon as it is there."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks._results import described


class Report:
    """Runs the parts of a benchmark within a time, and keeps what each gave.

    Parameters
    ----------
    path
        The JSON file that is written anew after each part; None to print alone.
    seconds
        What all parts may take together. A part is not begun when less than its own `needs` is
        left; one that has begun is told how much is left, and ends by itself.
    """

    def __init__(self, path: Path | None, seconds: float) -> None:
        self._path = path
        self._end = time.perf_counter() + seconds
        self.parts: dict[str, Any] = {}

    @property
    def left(self) -> float:
        """Seconds left for all that is to come."""
        return self._end - time.perf_counter()

    def run(self, name: str, needs: float, measure: Callable[[], Any]) -> Any:
        """Measure a part and note its figures; None if it fails or there is no time for it."""
        if self.left < needs:
            self._note(name, {"skipped": f"{self.left:.0f} s were left, of {needs:.0f}"})
            return None
        start = time.perf_counter()
        try:
            figures = measure()
        except Exception as error:  # one part that fails must not take the others along
            last = traceback.format_exc().splitlines()[-12:]
            self._note(name, {"failed": f"{type(error).__name__}: {error}", "trace": last})
            return None
        self._note(name, figures, time.perf_counter() - start)
        return figures

    def _note(self, name: str, figures: Any, seconds: float | None = None) -> None:
        self.parts[name] = {"figures": figures, "took_seconds": seconds}
        print(f"\n{name}: {json.dumps(figures, indent=1, default=_plain)}", flush=True)
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps(described(self.parts), indent=1, default=_plain)
            self._path.write_text(text + "\n", encoding="utf-8")


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else str(value)

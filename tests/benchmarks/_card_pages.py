"""The tables of a run on a GPU, for docs/speed.md.

    python -m tests.benchmarks._card_pages gpu.json

prints them of a file that ``python -m tests.benchmarks gpu --output`` wrote. A part that the run
left out has no row.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def analyses(parts: dict[str, Any]) -> Iterator[str]:
    """Yield the times of whole analyses, beside loops that do less."""
    yield _row("", "seconds", "images/s", "to the plain loop", "to the loop that reads", "GPU, MiB")
    yield _row("---", *["--:"] * 5)
    for name, ways in _of("whole analysis, ", parts):
        for way, found in ways.items():
            yield _row(
                f"{name}: {way}",
                f"{found['seconds']:.2f}",
                f"{found['images_per_s']:,.0f}",
                f"{found['to_the_plain_loop']:.2f}",
                f"{found['to_the_reading_loop']:.2f}",
                _memory(found),
            )
    for name, found in _of("one image at a time, ", parts):
        yield _row(
            f"{name}: one image at a time, scaled",
            f"{found['seconds']:.0f}",
            f"{found['images_per_s']:,.0f}",
            *[""] * 3,
        )


def neighbors(parts: dict[str, Any]) -> Iterator[str]:
    """Yield the times of exact searches, and what share of the card's products they reach."""
    yield _row(
        *("rows", "seconds", "10^12 operations/s", "of square float32 products"),
        *("in doubt", "as on the processor", "faiss on the processor, scaled", "GPU, MiB"),
    )
    yield _row("---", *["--:"] * 7)
    for name, found in _of("exact neighbors, ", parts):
        doubt = next((share for key, share in found["parts"].items() if "doubt" in key), 0)
        faiss = found.get("faiss_cpu")
        yield _row(
            name,
            f"{found['seconds']:.3g}",
            f"{found['tflops']:.3g}",
            f"{found.get('share_of_square_fp32', float('nan')):.0%}",
            f"{doubt:.1%}",
            f"{found['rows_as_on_the_processor']:.1%}",
            "" if faiss is None else f"{faiss['seconds_scaled_to_all']:.3g} s",
            _memory(found),
        )


def loops(parts: dict[str, Any]) -> Iterator[str]:
    """Yield the images per second of all ways to run the network alone."""
    yield _row("network alone", "images/s")
    yield _row("---", "--:")
    for kind in ("plain loops, ", "arithmetics, "):
        for name, found in _of(kind, parts):
            for way, rate in found["images_per_s"].items():
                if way != "best":
                    yield _row(f"{name}: {way}", f"{rate:,.0f}")
    for kind in ("overlap, ", "CUDA graph, "):
        for name, found in _of(kind, parts):
            for way, value in found.items():
                yield _row(f"{name}: {way}", f"{value:.2f}" if value < 10 else f"{value:,.0f}")
    for name, found in _of("torch.compile, ", parts):
        for way, value in found.items():
            text = "never" if value is None else f"{value:,.0f}"
            yield _row(f"{name}: torch.compile, {way.replace('_', ' ')}", text)


def others(parts: dict[str, Any]) -> Iterator[str]:
    """Yield what the card can do, medoids and memory, and the neighbors other arithmetics keep."""
    yield _row("", "")
    yield _row("---", "--:")
    for part in ("limits of the card", "neighbors kept", "memory of the host"):
        for name, found in _of(part, parts):
            for key, value in found.items():
                if isinstance(value, int | float):
                    yield _row(f"{part}{name}: {key.replace('_', ' ')}", f"{value:,.4g}")
    for name, found in _of("medoids, ", parts):
        for key, value in found.items():
            text = value if isinstance(value, bool) else f"{value:.3g}"
            yield _row(f"medoids of {name}: {key}", text)


def _of(start: str, parts: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, part in parts.items():
        if name.startswith(start) and part["took_seconds"] is not None:
            yield name.removeprefix(start), part["figures"]


def _memory(found: dict[str, Any]) -> str:
    peak = found["peak_gpu_mib"]
    return "" if peak is None else f"{peak:,.0f}"


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    parts = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["figures"]
    print(parts["machine"]["figures"]["name"])
    for table in (analyses, neighbors, loops, others):
        print("", *table(parts), sep="\n")


if __name__ == "__main__":
    main()

"""That the benchmarks run; what they measure is no test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from environments import ROOT

from tests.benchmarks import growth
from tests.benchmarks._card_pages import analyses, loops, neighbors, others
from tests.benchmarks._report import Report

BASE = [sys.executable, "-m", "tests.benchmarks"]


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("analysis", ["| analyze, everything |", "| the network as it is |"]),
        ("colors", ["| uniform random |", "| salient_pixels |"]),
        ("neighbors", ["| auto (exact) |", "| faiss HNSW |"]),
        (
            "read_files",
            ["| 20 of 32 px, ResNet-32: analyze |", "| 20 of 64 px, ResNet-18: analyze |"],
        ),
        ("medoids", ["| kmedoids |", "| 500 |"]),
    ],
)
def test_benchmarks_run_on_tiny_sizes(name: str, rows: list[str]) -> None:
    if name == "neighbors":
        pytest.importorskip("faiss")
    done = subprocess.run(
        [*BASE, name, "--quick"],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "failed" not in done.stdout, done.stdout
    for row in rows:
        assert row in done.stdout


def test_the_benchmark_of_a_gpu_saves_the_figures_of_each_part(tmp_path: Path) -> None:
    done = subprocess.run(
        [*BASE, "gpu", "--quick", "--output", tmp_path / "gpu.json"],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    parts = json.loads((tmp_path / "gpu.json").read_text())["figures"]
    assert [name for name, part in parts.items() if part["took_seconds"] is None] == []
    assert parts["neighbors kept"]["figures"]["share, fp32"] == 1
    search = parts["exact neighbors, 1,500 x 64, real"]["figures"]
    assert search["rows_as_on_the_processor"] == 1
    assert 0 < search["parts"]["largest error of a score, to its bound"] < 1
    for size in ("32 px", "40 px"):
        ways = parts[f"whole analysis, {size}"]["figures"]
        assert ways["plain loop"]["to_the_plain_loop"] == 1
        assert ways["analyze, batches of 32"]["images_per_s"] > 0
    rows = [row for table in (analyses, neighbors, loops, others) for row in table(parts)]
    for start in (
        "| 40 px: analyze, batches of 16 | ",
        "| 1,500 x 64, real | ",
        "| 32 px: bf16 | ",
        "| medoids of 300 x 64: the same row | True |",
    ):
        assert sum(row.startswith(start) for row in rows) == 1, start


def test_growth_measures_each_step_in_a_process_of_its_own() -> None:
    figures = growth.measure_apart(400, 10)
    assert list(figures) == list(growth.STEPS)
    assert all(step["seconds"] > 0 for step in figures.values())
    assert figures["analyze"]["recall"] == 1


def test_a_slope_is_a_power_beyond_what_is_fixed() -> None:
    assert growth.slope({10: 0.001, 100: 0.04, 1000: 4.0, 10_000: 400.0}, 0.02) == pytest.approx(2)
    assert np.isnan(growth.slope({10: 0.001, 100: 4.0}, 0.02))


def test_a_report_keeps_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    report = Report(path, seconds=100)
    assert report.run("good", 0, lambda: {"value": np.float64(2)}) == {"value": 2}
    assert report.run("bad", 0, lambda: 1 / 0) is None
    assert report.run("long", 101, lambda: {"value": 3}) is None
    parts = json.loads(path.read_text())["figures"]
    assert parts["good"]["figures"] == {"value": 2}
    assert parts["bad"]["figures"]["failed"] == "ZeroDivisionError: division by zero"
    assert parts["long"]["figures"]["skipped"].endswith("of 101")


def test_unknown_benchmarks_are_named() -> None:
    done = subprocess.run([*BASE, "bogus"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "there is no benchmark bogus" in done.stderr

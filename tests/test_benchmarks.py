"""That the benchmarks run; what they measure is no test."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from environments import ROOT

BASE = [sys.executable, "-m", "tests.benchmarks"]


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("analysis", ["| analyze, everything |", "| the network as it is |"]),
        ("colors", ["| uniform random |", "| salient_pixels |"]),
        ("neighbors", ["| auto (exact) |", "| faiss HNSW |"]),
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


def test_unknown_benchmarks_are_named() -> None:
    done = subprocess.run([*BASE, "bogus"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "there is no benchmark bogus" in done.stderr

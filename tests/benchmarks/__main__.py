"""Run the benchmarks: ``python -m tests.benchmarks [--quick] [--output FILE] [name ...]``.

Each module of this package with a function ``main(quick)``, which prints tables, is one; the
others are commands of their own, ``python -m tests.benchmarks.name``. ``--quick`` takes tiny
sizes, which show that a benchmark runs, and no speed. ``--output`` is where ``gpu`` saves its
figures.
"""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from tests.benchmarks import _bench


def main() -> None:
    names = [
        path.stem
        for path in sorted(Path(__file__).parent.glob("[!_]*.py"))
        if "def main(quick: bool" in path.read_text(encoding="utf-8")
    ]
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(names)}; or all")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: only to see that it runs")
    parser.add_argument("--output", type=Path, help="a JSON file for the figures of gpu")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(names)
    if unknown:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    print(_bench.machine())
    for name in arguments.names or names:
        print(f"\n## {name}", flush=True)
        module = importlib.import_module(f"tests.benchmarks.{name}")
        saving = {"output": arguments.output} if name == "gpu" else {}
        module.main(arguments.quick, **saving)


if __name__ == "__main__":
    main()

"""Run the benchmarks: ``python -m tests.benchmarks [--quick] [name ...]``.

Each module of this package that does not start with an underscore is one; its ``main(quick)``
prints tables. ``--quick`` takes tiny sizes, which show that a benchmark runs, and no speed.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil

from tests import benchmarks
from tests.benchmarks import _bench


def main() -> None:
    modules = pkgutil.iter_modules(benchmarks.__path__)
    names = sorted(module.name for module in modules if not module.name.startswith("_"))
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(names)}; or all")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: only to see that it runs")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(names)
    if unknown:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    print(_bench.machine())
    for name in arguments.names or names:
        print(f"\n## {name}")
        importlib.import_module(f"tests.benchmarks.{name}").main(arguments.quick)


if __name__ == "__main__":
    main()

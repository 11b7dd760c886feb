"""The command line: ``python -m imbxai_widgets.page notebook.ipynb --output page.html``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from imbxai_widgets.page.limits import Limits
from imbxai_widgets.page.write import write_page

_DESCRIPTION = """Execute a notebook and write it as one HTML page that needs no kernel and no
network. The page holds no more than what the cells have computed; see the limits below."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return its exit status."""
    given = _parser().parse_args(arguments)
    try:
        limits = Limits(given.cell_seconds, given.notebook_seconds, given.megabytes)
        page = write_page(given.notebook, given.output, limits)
    except (OSError, ModuleNotFoundError, RuntimeError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{page} ({page.stat().st_size / 1e6:.1f} MB)")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m imbxai_widgets.page",
        description=_DESCRIPTION,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("notebook", type=Path, help="the notebook to execute")
    parser.add_argument(
        "--output", type=Path, required=True, default=argparse.SUPPRESS, help="the file to write"
    )
    for option, default, text in (
        ("--cell-seconds", Limits.cell, "how long one cell may run, in seconds"),
        ("--notebook-seconds", Limits.notebook, "how long all cells may run, in seconds"),
        ("--megabytes", Limits.megabytes, "what is held of the classes of all Explorers, in MB"),
    ):
        parser.add_argument(option, type=float, default=default, help=text)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())

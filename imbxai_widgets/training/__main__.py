"""Run a recipe from the command line: see `imbxai_widgets.training`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from imbxai_widgets.training.recipes import RECIPES, run
from imbxai_widgets.training.sources import MissingDataError


def main(arguments: Sequence[str] | None = None) -> None:
    """Train and evaluate a network, and print the accuracy of each class."""
    parser = argparse.ArgumentParser(
        prog="python -m imbxai_widgets.training",
        description="Train a network as in the paper. Begun again, a training that was killed "
        "goes on where it was.",
    )
    parser.add_argument("recipe", choices=RECIPES)
    parser.add_argument("--data", type=Path, required=True, help="folder with the images")
    parser.add_argument("--output", type=Path, required=True, help="folder for the results")
    parser.add_argument("--method", choices=("ce", "ldam"), default="ce")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", help="by default a GPU where there is one")
    parser.add_argument("--workers", type=int, default=0, help="processes that decode images")
    parser.add_argument("--size", type=int, help="side of square inputs, for want of memory")
    parser.add_argument("--batch-size", type=int, help="in place of 128, for want of memory")
    options = vars(parser.parse_args(arguments))
    try:
        result = run(options.pop("recipe"), **options)
    except (MissingDataError, ImportError, ValueError) as error:
        sys.exit(str(error))
    rows = zip(
        result["classes"],
        result["training_images"],
        result["training"]["classes"],
        result["validation"]["classes"],
        strict=True,
    )
    print("class, training images, training accuracy, validation accuracy")
    for row in rows:
        print(*row, sep=", ")
    total = sum(result["training_images"])
    print("all", total, result["training"]["all"], result["validation"]["all"], sep=", ")


if __name__ == "__main__":
    main()

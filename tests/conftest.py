"""What several tests share."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import hypothesis
import pytest
import torch
from environments import ROOT, Environment

# How long examples take says more about the machine's other work than about the code.
UNHURRIED = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("unhurried", **UNHURRIED)
# pytest tests/fuzz --hypothesis-profile=fuzz --hypothesis-show-statistics
hypothesis.settings.register_profile("fuzz", max_examples=2000, **UNHURRIED)
hypothesis.settings.load_profile("unhurried")


def import_torchvision() -> ModuleType:
    """Import torchvision, also where its compiled part does not fit the torch at hand.

    A torchvision built for another torch (say a CUDA build beside a CPU torch) cannot load its
    compiled operators and then fails on import with "operator torchvision::nms does not exist",
    though transforms, datasets and classification models need none of them. Declaring the
    operators, without any kernel, lets the pure Python part import.
    """
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    for operator in ("nms", "qnms"):
        schema = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
        torch.library.define(f"torchvision::{operator}", schema)
    return importlib.import_module("torchvision")


@pytest.fixture(scope="session")
def torchvision() -> ModuleType:
    """Return torchvision with its `transforms`, `transforms.v2`, `datasets` and `models`."""
    if importlib.util.find_spec("torchvision") is None:
        pytest.skip("torchvision is not installed")
    module = import_torchvision()
    importlib.import_module("torchvision.transforms.v2")
    return module


@pytest.fixture(scope="session")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with the build backend alone, and no Node on its path."""
    folder = tmp_path_factory.mktemp("builder")
    environment = Environment.create(folder / "venv")
    environment.install("hatchling>=1.27", cwd=folder)
    return environment


@pytest.fixture(scope="session")
def distributions(
    builder: Environment, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """The sdist and the wheel, built of the working tree with the Node that is here."""
    target = tmp_path_factory.mktemp("dist")
    build = ("-m", "hatchling", "build", "-d", str(target))
    done = builder.run(*build, cwd=ROOT, path=os.environ["PATH"])
    assert done.returncode == 0, done.stderr
    (sdist,) = target.glob("*.tar.gz")
    (wheel,) = target.glob("*.whl")
    return sdist, wheel

"""The notebook that takes a class from its diagnosis to a remedy: its figures are the package's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imbxai_widgets import Analysis, analyze, compare, remedies
from imbxai_widgets.demo import load_demo
from imbxai_widgets.demo.network import Method

PATH = Path(__file__).parents[1] / "notebooks" / "03_diagnosis_to_remedy.ipynb"
TOLD = """
import json
print(json.dumps({"chosen": chosen, "state": found.state, "outcome": outcome.to_dict()}))
"""


def told_by(notebook: Any) -> dict[str, Any]:
    """Run the notebook and return what it found."""
    nbformat = pytest.importorskip("nbformat")
    client = pytest.importorskip("nbclient")
    notebook.cells.append(nbformat.v4.new_code_cell(TOLD))
    options = {"kernel_name": "python3", "extra_arguments": ["--log-level=ERROR"]}
    done = client.NotebookClient(notebook, timeout=600, **options).execute()
    found: dict[str, Any] = json.loads(done.cells[-1].outputs[0]["text"])
    return found


def analyzed(training: Method) -> Analysis:
    """Analyze a network of the demo, as the notebook does."""
    model, train, validation = load_demo(training)
    return analyze(model, train, validation=validation, salient_fraction=None, progress=False)


def test_the_remedy_notebook_tells_what_was_forecast_and_what_came() -> None:
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.read(PATH, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs for cell in code), "commit the notebook without outputs"
    told = told_by(notebook)
    analysis = analyzed("ce")
    assert (told["chosen"], told["state"]) == ("Plants", "too few to tell")
    forecast = analysis.what_if(remedies.LogitAdjustment(tau=1)).classes()["change"]
    assert told["outcome"]["change"] == pytest.approx(forecast.to_dict())
    real = compare(analysis, analyzed("ldam")).accuracies()["validation", "change"]
    assert told["outcome"]["LDAM-DRW"] == pytest.approx(real.to_dict(), abs=1e-4)
    # Weights of a training differ in their last digits between machines, so no figure is pinned.
    off = {
        name: np.mean(
            [abs(told["outcome"][name][each] - forecast[each]) for each in forecast.index]
        )
        for name in ("recipe", "control")
    }
    assert off["recipe"] < off["control"]

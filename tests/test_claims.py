"""The pages tell what the committed results say, and the results can be had again."""

from __future__ import annotations

import re

import pytest
from environments import ROOT

from tests.benchmarks import pages, what_if
from tests.benchmarks._results import FOLDER, read_results
from tests.benchmarks.outliers import planted
from tests.benchmarks.overlap import judged
from tests.benchmarks.resampling import ONCE_EACH, accuracies, trained_again
from tests.benchmarks.retrained import retrain
from tests.benchmarks.runs import Run, load_run

AGAIN = 100  # the seed of the digits that are measured anew
# Networks differ from machine to machine: in the last digits at first, in some images at the end.
MACHINES = 0.06


def words(page: str) -> str:
    return " ".join((ROOT / page).read_text(encoding="utf-8").split())


@pytest.mark.parametrize("page", pages.TABLES)
def test_tables_of_the_pages_are_those_of_the_results(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8").splitlines()
    for table in pages.TABLES[page]:
        rows = list(table())
        assert len(rows) > 3
        assert [row for row in rows if row not in text] == []


@pytest.mark.parametrize("page", pages.SENTENCES)
def test_sentences_of_the_pages_are_those_of_the_results(page: str) -> None:
    sentences = list(pages.SENTENCES[page]())
    assert sentences
    text = words(page)
    assert [sentence for sentence in sentences if sentence not in text] == []


def test_every_result_tells_what_made_it() -> None:
    for path in sorted(FOLDER.glob("*.json")):
        content = pages.read_content(path)
        module = re.fullmatch(r"python -m tests\.benchmarks[. ](\w+)( .+)?", content["command"])
        assert module, path
        assert (ROOT / "tests" / "benchmarks" / f"{module[1]}.py").exists()
        assert {"python", "numpy", "torch"} <= set(content["versions"])


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A network that is trained here, on the digits of one seed."""
    pytest.importorskip("sklearn")
    return load_run("digits", AGAIN, tmp_path_factory.mktemp("runs"))


def test_digits_that_are_trained_anew_reach_what_was_reached(digits: Run) -> None:
    told = read_results("resampling")["digits"]
    before = accuracies(digits.validation, digits)
    after = trained_again(digits, "balance 0.5")
    for plan, found in ((ONCE_EACH, before), ("balance 0.5", after)):
        for figure in ("all", "mean of classes"):
            expected = pytest.approx(told[plan][str(AGAIN)][figure], abs=MACHINES)
            assert found[figure] == expected, (plan, figure)


def test_overlap_of_the_digits_is_what_was_found(digits: Run) -> None:
    told = read_results("overlap")["digits"][str(AGAIN)]
    found = judged(digits)
    assert set(found) == set(told)
    for measure, (_, rank) in found.items():
        assert rank == pytest.approx(told[measure][1], abs=0.15), measure
    assert found["decision overlap"][1] > found["shared top features"][1] + 0.3


def test_changed_labels_of_the_digits_are_outliers_as_was_found(digits: Run) -> None:
    told = read_results("outliers")["digits"][str(AGAIN)]
    assert planted(digits) == pytest.approx(told, abs=0.1)


def test_class_weights_change_the_digits_as_was_forecast_and_found(digits: Run) -> None:
    told = read_results("what_if")["trials"]["digits"]["class weights"][str(AGAIN)]
    after = retrain(digits, "class weights")
    found = what_if.judged(digits, what_if.TRIALS["class weights"], after)
    assert found["correlation"] == pytest.approx(told["correlation"], abs=0.05)
    for figure in ("told", "real", "off by"):
        assert found[figure] == pytest.approx(told[figure], abs=MACHINES), figure

"""Why classes fail: the causes that hold, each with its evidence and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from imbxai_widgets.analysis._class_names import class_number
from imbxai_widgets.compute.numeric.types import IntArray
from imbxai_widgets.compute.reading.splits import SplitName
from imbxai_widgets.compute.remedies.remedy import Remedy

State = Literal["failing", "not failing", "too few to tell", "no validation images"]
COLUMNS = (
    "class",
    "state",
    "rank",
    "cause",
    "value",
    "low",
    "high",
    "number",
    "support",
    "statement",
    "remedy",
)


@dataclass(frozen=True, eq=False)
class Finding:
    """What one test says of a class.

    Attributes
    ----------
    cause : str
        A name that stays, such as "wrong labels"; see docs/diagnosis.md for all.
    title : str
        The same for people, such as "Labels seem wrong".
    holds : bool or None
        None where it was not tested; `statement` says why.
    strength : float
        0 to 1, how clearly the rule is met: from 0.5 on it holds. NaN where it was not tested.
    value, low, high : float
        The number that is the evidence, with its 95% interval; NaN where there is none.
    number : str
        What `value` is.
    support : int
        How many images it rests on.
    statement : str
        A sentence with the numbers.
    advice : str
        What to do about it.
    remedies : tuple of Remedy
        Of `imbxai_widgets.remedies`, to be tried with `Analysis.what_if`.
    images : mapping of split to int64 array
        Rows of the images that are the evidence, in ``analysis.train`` ("training") and
        ``analysis.validation`` ("validation").
    adversary : str or None
        The other class, where there is one.
    together_with : tuple of str
        Causes that cannot be told from this one by these numbers.
    """

    cause: str
    title: str
    holds: bool | None
    strength: float
    value: float
    low: float
    high: float
    number: str
    support: int
    statement: str
    advice: str
    remedies: tuple[Remedy, ...] = ()
    images: Mapping[SplitName, IntArray] = field(default_factory=dict)
    adversary: str | None = None
    together_with: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class ClassDiagnosis:
    """What is found of one class.

    Attributes
    ----------
    class_name : str
    state : {"failing", "not failing", "too few to tell", "no validation images"}
        Failing: its recall is clearly below what the other classes have.
    recall, others : float
        Its share of validation images that are right, and the median of the other classes; NaN
        where there are none.
    support : int
        Its validation images.
    causes : tuple of Finding
        Those that hold, the first the likeliest. Of a class that does not fail, only faults of the
        data: wrong labels, duplicates, leaks. Over-confidence explains no error: it is among the
        tests.
    tests : tuple of Finding
        All tests, in the order of docs/diagnosis.md.
    """

    class_name: str
    state: State
    recall: float
    others: float
    support: int
    causes: tuple[Finding, ...] = ()
    tests: tuple[Finding, ...] = ()

    @property
    def beside(self) -> tuple[Finding, ...]:
        """Tests that hold and name no cause: they explain no error of the class."""
        if self.state not in ("failing", "not failing"):
            return ()
        return tuple(test for test in self.tests if test.holds and test not in self.causes)

    @property
    def without_evidence(self) -> tuple[str, ...]:
        """Titles of the tests that do not hold."""
        return tuple(test.title for test in self.tests if test.holds is False)

    @property
    def untested(self) -> tuple[str, ...]:
        """What was not tested, and why, in sentences."""
        return tuple(f"{test.title}: {test.statement}" for test in self.tests if test.holds is None)

    def alike(self, cause: Finding) -> str:
        """Return the titles of the causes that cannot be told from one; "" if there are none."""
        return "; ".join(test.title for test in self.tests if test.cause in cause.together_with)


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """Why classes fail; made by `Analysis.diagnose`.

    Attributes
    ----------
    classes : tuple of ClassDiagnosis
        In the order of the classes.
    notes : tuple of str
        What concerns all classes.
    """

    classes: tuple[ClassDiagnosis, ...]
    notes: tuple[str, ...] = ()

    def of(self, class_name: str) -> ClassDiagnosis:
        """Return what is found of a class.

        Raises
        ------
        ValueError
            If there is no such class.

        Examples
        --------
        >>> analysis.diagnose().of("Faces").state
        'not failing'
        """
        names = [found.class_name for found in self.classes]
        return self.classes[class_number(class_name, names)]

    def table(self) -> pd.DataFrame:
        """Return the causes that hold as a table.

        Returns
        -------
        DataFrame
            A row a cause, ranked from 1 within its class, and one without a cause for a class of
            which none was found. Columns: ``class``, ``state``, ``rank`` and ``cause`` (missing
            where none was found), ``value``, ``low``, ``high``, ``number`` (what ``value`` is),
            ``support``, ``statement`` and ``remedy``; see `Finding`.

        Examples
        --------
        >>> table = analysis.diagnose().table()
        >>> table.loc[table["class"] == "Faces", ["state", "support"]].to_numpy().tolist()
        [['not failing', 70]]
        """
        rows = [row for found in self.classes for row in _rows(found)]
        table = pd.DataFrame(rows, columns=list(COLUMNS))
        return table.astype({"rank": "Int64"})


def _rows(found: ClassDiagnosis) -> list[tuple[object, ...]]:
    first = found.class_name, found.state
    if not found.causes:
        nothing = _no_cause(found)
        return [(*first, None, None, np.nan, np.nan, np.nan, "", found.support, nothing, "")]
    return [
        (
            *first,
            rank,
            each.cause,
            each.value,
            each.low,
            each.high,
            each.number,
            each.support,
            each.statement,
            each.advice,
        )
        for rank, each in enumerate(found.causes, start=1)
    ]


def _no_cause(found: ClassDiagnosis) -> str:
    if found.state == "failing":
        return "The class fails, and no evidence of a cause was found."
    if found.state == "not failing":
        return "The class does not fail, and no fault of its images was found."
    if found.state == "no validation images":
        return "There are no validation images of the class."
    return f"{found.support} validation images are too few to tell why a class fails."

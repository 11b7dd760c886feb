"""The way from an analysis to a `Diagnosis`."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from torch import nn
from torch.utils.data import Dataset

from imbxai_widgets.analysis import _causes as rules
from imbxai_widgets.analysis._calibration import CalibrationTables
from imbxai_widgets.analysis._evidence import ClassEvidence
from imbxai_widgets.analysis._findings import Words, findings
from imbxai_widgets.analysis._gathered import FEWEST, Gathered, Given
from imbxai_widgets.analysis._tables import NO_VALIDATION
from imbxai_widgets.analysis.diagnosis import ClassDiagnosis, Diagnosis, Finding

# Of docs/diagnosis.md, which a test holds to what was counted.
RELIABILITY: Final = (
    "Take a cause as a hint, and look at its evidence: where one was planted, the first name was "
    "right in 95% of the classes that failed on digits, 48% on drawings and 40% on photographs."
)


class DiagnosisTables(CalibrationTables):
    """Why classes fail."""

    def diagnose(
        self,
        model: nn.Module | None = None,
        dataset: Dataset[Any] | None = None,
        validation: Dataset[Any] | None = None,
        *,
        seed: int = 0,
    ) -> Diagnosis:
        """Tell why classes fail: the causes that hold, each with its evidence and a remedy.

        A class fails where its recall on validation images is clearly below that of the others.
        What each cause is told by, and how often it is named rightly, is in docs/diagnosis.md.

        Parameters
        ----------
        model : torch.nn.Module, optional
            The network that was analyzed, for what it makes of regions of images; it stays as it
            is.
        dataset, validation : optional
            The training and the validation images as the network takes them; by default those of
            the analysis, where it has them.
        seed : int
            Of halves, folds and pairs, at least 0.

        Returns
        -------
        Diagnosis
            The same for the same arguments.

        Raises
        ------
        ValueError
            If there are no validation images, their embeddings are not known, or there are fewer
            than two classes.

        Examples
        --------
        >>> diagnosis = analysis.diagnose()
        >>> diagnosis.of("Plants").state
        'too few to tell'
        """
        if self.validation is None:
            raise ValueError(NO_VALIDATION)
        if self.validation.embeddings is None:
            raise ValueError(
                "a diagnosis needs the embeddings of the validation images, without which an older "
                "version saved the file; analyze and save again"
            )
        if self.n_classes < 2:
            raise ValueError("with one class there is nothing to take its images for.")
        found = Gathered.of(self, Given(self, model, dataset, validation), seed)
        words = Words(
            self.class_names,
            found.looks_why,
            found.network_why,
            "" if found.has_logits else "the logits of the network are not known",
            found.suspects,
        )
        classes = [
            _diagnosed(self.class_names[index], one, words)
            for index, one in enumerate(found.classes)
        ]
        return Diagnosis(tuple(classes), _notes(found))


def _diagnosed(name: str, one: ClassEvidence | None, words: Words) -> ClassDiagnosis:
    if one is None:
        return ClassDiagnosis(name, "no validation images", np.nan, np.nan, 0)
    state = rules.state_of(one, FEWEST)
    tests = findings(one, words)
    told = {test.cause: test for test in tests}
    causes: tuple[Finding, ...] = ()
    if state != "too few to tell":
        holding = rules.ranked({test.cause: test.strength for test in tests})
        causes = tuple(
            told[cause] for cause in holding if state == "failing" or cause in rules.OF_DATA
        )
    return ClassDiagnosis(
        name, state, one.recall, one.recall + one.deficit, one.images, causes, tests
    )


def _notes(found: Gathered) -> tuple[str, ...]:
    """Say what numbers that compare classes cannot tell, and how often causes are named rightly."""
    known = [one for one in found.classes if one is not None]
    recall = float(np.median([one.recall for one in known]))
    trained = float(np.median([one.train_recall for one in known if one.train_images]))
    notes = [
        f"Half of the classes have a recall of at least {recall:.0%} on validation images, and of "
        f"{trained:.0%} on training images. Classes are held to each other: what ails all of them "
        "alike is not told.",
        RELIABILITY,
    ]
    if found.sampled:
        notes.append("The evidence is of a sample of the images, as many of each class as may be.")
    return tuple(notes)

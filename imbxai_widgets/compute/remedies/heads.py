"""Remedies that put another head behind the embeddings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, Literal

import numpy as np

from imbxai_widgets.compute.numeric.head import Head
from imbxai_widgets.compute.numeric.types import FloatArray, IntArray
from imbxai_widgets.compute.remedies.decision import NO_LINEAR_HEAD, Decision
from imbxai_widgets.compute.remedies.logits import Best
from imbxai_widgets.compute.remedies.remedy import (
    Remedy,
    Stage,
    check_parameter,
    mean_class_accuracy,
)
from imbxai_widgets.compute.remedies.weights import per_image

POWERS: Final[tuple[float, ...]] = tuple(
    round(0.1 * step, 1) for step in range(21)
)  # that "best" tries
_COSINE_SCALE: Final = 16.0  # of a head that had none; predictions do not depend on it
_NEVER: Final = -1e6  # logit of a class without images, of which there is no mean


@dataclass(frozen=True, eq=False)
class ClassifierRetraining(Remedy):
    """Fits the head again, with images drawn otherwise (cRT).

    Parameters
    ----------
    sampling
        "balanced": all classes count the same. Or weights: (C,) of the classes, or one of each
        image of the dataset, as `Analysis.resampling_plan` gives them.

    Raises
    ------
    ValueError
        If `sampling` is something else, or a weight is below 0 or not finite.

    Notes
    -----
    Source: Kang et al., "Decoupling Representation and Classifier for Long-Tailed Recognition"
    (ICLR 2020), section 4.2. Here the head is the optimum of a convex problem (see
    `imbxai_widgets.compute.remedies.refit`) rather than one of a short training. A normalized head
    stays normalized; a network whose head is not linear, or not known, gets a linear one.

    Examples
    --------
    >>> ClassifierRetraining()
    ClassifierRetraining(sampling='balanced')
    """

    sampling: Any = "balanced"

    stage: ClassVar[Stage] = Stage.HEAD
    source: ClassVar[str] = "Kang et al., ICLR 2020"

    def __post_init__(self) -> None:
        if isinstance(self.sampling, str) and self.sampling != "balanced":
            raise ValueError(f'sampling must be "balanced" or weights, not {self.sampling!r}')

    def apply(self, decision: Decision) -> Decision:
        """Weigh the images, and fit a head to them."""
        if isinstance(self.sampling, str):
            sizes = np.where(decision.sizes > 0, decision.sizes, 1.0)
            return decision.weighed(1 / sizes[decision.labels]).refitted()
        return decision.weighed(per_image(self.sampling, decision, "sampling")).refitted()


@dataclass(frozen=True)
class NearestClassMean(Remedy):
    """Predicts the class whose training images have the nearest mean embedding.

    Parameters
    ----------
    metric
        "cosine": by the angle between embedding and mean. "euclidean": by their distance.

    Raises
    ------
    ValueError
        If `metric` is something else.

    Notes
    -----
    Source: Kang et al. (ICLR 2020), section 4.2, for the cosine; Mensink et al., "Distance-Based
    Image Classification" (TPAMI 2013), for the distance. Class sizes play no part. A class without
    training images is never predicted. Probabilities are those of half squared distances, or of
    cosines times a scale: they order the classes, and are to be calibrated.

    Examples
    --------
    >>> NearestClassMean()
    NearestClassMean(metric='cosine')
    """

    metric: Literal["cosine", "euclidean"] = "cosine"

    stage: ClassVar[Stage] = Stage.HEAD
    source: ClassVar[str] = "Kang et al., ICLR 2020; Mensink et al., 2013"

    def __post_init__(self) -> None:
        if self.metric not in ("cosine", "euclidean"):
            raise ValueError(f'metric must be "cosine" or "euclidean", not {self.metric!r}')

    def apply(self, decision: Decision) -> Decision:
        """Make a head of the means."""
        embeddings, sizes = decision.network.embeddings, decision.sizes
        sums = np.zeros((len(sizes), embeddings.shape[1]))
        for label in np.flatnonzero(sizes > 0):
            own = decision.labels == label
            sums[label] = decision.weights[own] @ embeddings[own].astype(np.float64)
        means = sums / np.where(sizes > 0, sizes, 1.0)[:, np.newaxis]
        shifts = decision.shifts + np.where(sizes > 0, 0.0, _NEVER)
        if self.metric == "euclidean":
            squares = -0.5 * (means**2).sum(axis=1)
            head = Head(means.astype(np.float32), squares.astype(np.float32))
        else:
            old = decision.head
            scale = old.scale if old is not None and old.normalized else _COSINE_SCALE
            head = Head(means.astype(np.float32), scale=scale, normalized=True)
        return replace(decision, head=head, shifts=shifts)


@dataclass(frozen=True)
class TauNormalization(Remedy):
    """Makes the weights of the classes more equally long.

    Parameters
    ----------
    tau
        The logit of a class is divided by the length of its weights to the power tau, and all
        logits are multiplied by one number so as to be as large as before on the whole. 0 changes
        nothing; with 1 they are distances from the plane on which the logit is 0. "best": of 0,
        0.1, ..., 2 that with the best mean accuracy of the classes, the lowest of equally good
        ones.

    Raises
    ------
    ValueError
        If `tau` is neither a number nor "best".

    Notes
    -----
    Source: Kang et al. (ICLR 2020), section 4.3, who leave the bias out; here it is divided as
    well, so that tau = 0 changes nothing. Weights of a normalized head are of one length: it
    is refused.

    Examples
    --------
    >>> TauNormalization(0.5)
    TauNormalization(tau=0.5)
    """

    tau: float | Best = "best"

    stage: ClassVar[Stage] = Stage.LENGTHS
    source: ClassVar[str] = "Kang et al., ICLR 2020"

    def __post_init__(self) -> None:
        check_parameter(self.tau, "tau")

    def apply(self, decision: Decision) -> Decision:
        """Divide weights and bias."""
        assert self.tau != "best"
        head = _linear(decision)
        if self.tau == 0:
            return decision
        lengths = np.linalg.norm(head.weight.astype(np.float64), axis=1)
        if not lengths.all():
            name = decision.network.class_names[int((lengths == 0).argmax())]
            raise ValueError(f"the weights of class {name!r} are all 0, so they have no length")
        logs = np.log(lengths)
        factors = np.exp(-self.tau * (logs - logs.mean()))
        bias = None if head.bias is None else head.bias * factors
        weight = head.weight * factors[:, np.newaxis]
        return replace(decision, head=Head(weight, bias, head.scale))

    def settled(self, decision: Decision, logits: FloatArray, labels: IntArray) -> TauNormalization:
        """Return it with the best tau."""
        if not self.is_open:
            return self
        lengths = np.linalg.norm(_linear(decision).weight.astype(np.float64), axis=1)
        logs = np.log(np.where(lengths > 0, lengths, 1.0))

        def score(tau: float) -> float:
            factors = np.exp(-tau * (logs - logs.mean()))
            return mean_class_accuracy((logits * factors).argmax(axis=1), labels, len(logs))

        return TauNormalization(float(max(POWERS, key=score)))


def _linear(decision: Decision) -> Head:
    if decision.head is None:
        raise ValueError(f"TauNormalization needs a linear head, but {NO_LINEAR_HEAD}")
    if decision.head.normalized:
        raise ValueError(
            "TauNormalization would change nothing: the head is normalized, so the weights of all "
            "classes are of length 1 already"
        )
    return decision.head

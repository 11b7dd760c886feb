"""`suspects()` and cleanlab's `find_label_issues` on the same images with planted wrong labels.

    python -m tests.benchmarks.suspects

In the first experiment, labels are flipped after training: the network has never seen them. In
the second, a network is trained on the flipped labels (see `emoji_runs`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from imbxai_widgets import Analysis
from imbxai_widgets.demo.images import load_images
from tests.benchmarks.emoji_runs import FLIPPED, SHIPPED, flip_labels, load_run

SEEDS = range(5)


def probabilities(analysis: Analysis) -> np.ndarray:
    """Return all probabilities of the training images, (N, 10): ten classes are all kept."""
    top = analysis.train.top
    return np.take_along_axis(top.probabilities, np.argsort(top.classes, axis=1), axis=1)


def compare(analysis: Analysis, wrong: np.ndarray) -> dict[str, tuple[float, ...]]:
    """Return of each method: images listed, precision, recall, precision among the first n."""
    found = {}
    for power in (0.0, 1.0, 2.0):
        table = analysis.suspects(prior_power=power)
        listed = table.index[table["score"] > 0.5].to_numpy()
        found[f"suspects(prior_power={power:g})"] = (listed, table.index.to_numpy())
    held_out = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    sources = {
        "network": probabilities(analysis),
        "cross-validated": cross_val_predict(
            held_out, analysis.embeddings, analysis.labels, cv=5, method="predict_proba"
        ),
    }
    for source, given in sources.items():
        for rule in ("prune_by_noise_rate", "both", "confident_learning"):
            listed = find_label_issues(
                analysis.labels,
                given.astype(np.float64),
                filter_by=rule,
                return_indices_ranked_by="self_confidence",
                n_jobs=1,
            )
            found[f"cleanlab, {source}, {rule}"] = (listed, listed)
        own = given[np.arange(len(given)), analysis.labels]
        found[f"lowest probability of the label, {source}"] = (None, np.argsort(own, kind="stable"))
    n = wrong.sum()
    return {
        name: (
            np.nan if listed is None else len(listed),
            np.nan if listed is None else wrong[listed].mean(),
            np.nan if listed is None else wrong[listed].sum() / n,
            wrong[ranked[:n]].sum() / n,
        )
        for name, (listed, ranked) in found.items()
    }


def report(title: str, results: list[dict[str, tuple[float, ...]]]) -> None:
    columns = ["listed", "precision", "recall", "recall in the first n"]
    means = {name: np.mean([r[name] for r in results], axis=0) for name in results[0]}
    print(f"\n{title}")
    print(pd.DataFrame(means, index=columns).T.round(3).to_string())


def main() -> None:
    shipped = load_run(SHIPPED)
    after = []
    for seed in SEEDS:
        labels, wrong = flip_labels(shipped.labels, shipped.n_classes, FLIPPED, seed)
        again = Analysis.from_arrays(shipped.embeddings, labels, probabilities(shipped))
        after.append(compare(again, wrong))
    report(f"flipped after training: {wrong.sum()} labels, mean of {len(SEEDS)} draws", after)
    learned = load_run("flipped")
    wrong = learned.labels != np.array(load_images()[0].targets)
    report(f"trained on flipped labels: {wrong.sum()} labels", [compare(learned, wrong)])


if __name__ == "__main__":
    main()

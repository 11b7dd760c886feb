"""`analyze` from end to end, on the embedded images and their trained network."""

from __future__ import annotations

import inspect
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import Dataset, Subset

import imbxai_widgets.pipeline
from imbxai_widgets import Analysis, analyze
from imbxai_widgets.compute.embedding.one_pass import embed
from imbxai_widgets.compute.embedding.options import PassOption, PassOptions
from imbxai_widgets.compute.methods.archetypes import assign_archetypes
from imbxai_widgets.demo import load_demo
from imbxai_widgets.pipeline import AnalyzeOptions, AnalyzeSettings, analyze_with


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    model, train, validation = load_demo()
    return analyze(model, train, validation=validation, progress=False)


def test_arrays_have_the_documented_shapes_and_types(analysis: Analysis) -> None:
    _, train, validation = load_demo()
    n = len(train)
    assert analysis.class_names == tuple(train.classes)
    assert (analysis.embeddings.shape, analysis.embeddings.dtype) == ((n, 64), np.float32)
    assert (analysis.neighbors.shape, analysis.neighbors.dtype) == ((n, 5), np.int64)
    assert (analysis.archetypes.shape, analysis.archetypes.dtype) == ((n,), np.int8)
    assert np.array_equal(analysis.labels, train.targets)
    assert analysis.validation is not None
    assert np.array_equal(analysis.validation.labels, validation.targets)
    assert analysis.validation.neighbors.shape == (len(validation), 5)


def test_progress_bars_are_titled(capsys: pytest.CaptureFixture[str]) -> None:
    model, _, validation = load_demo()
    few = Subset(validation, range(12))
    analyze(model, few, validation=few, k=1, salient_fraction=None)
    bars = capsys.readouterr().err
    assert "Training images: " in bars
    assert "Validation images: " in bars
    analyze_with(model, few, few, AnalyzeSettings(k=1, salient_fraction=None), title="Before")
    bars = capsys.readouterr().err
    assert "Before: training images: " in bars
    assert "Before: validation images: " in bars
    assert "Training" not in bars


def test_the_options_are_the_same_wherever_they_are_listed() -> None:
    datasets = {"model", "dataset", "validation", "return"}
    of_analyze = {
        name: kind for name, kind in get_type_hints(analyze).items() if name not in datasets
    }
    assert get_type_hints(AnalyzeOptions) == of_analyze
    keywords = {
        name: keyword.default
        for name, keyword in inspect.signature(analyze).parameters.items()
        if name not in datasets
    }
    assert vars(AnalyzeSettings()) == keywords
    passes = {field.name for field in fields(PassOptions)}
    assert set(get_args(PassOption)) == passes
    assert set(keywords) - passes == {"k", "top_k", "progress"}
    of_embed = set(inspect.signature(embed).parameters) - {"model", "dataset", "description"}
    assert passes - of_embed == {"transform", "keys", "class_names"}  # which a dataset is given
    assert of_embed - passes == {"progress"}


def test_every_option_reaches_the_pass_and_the_assembly(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {name: object() for name in get_type_hints(AnalyzeOptions)}
    found: list[dict[str, Any]] = []
    monkeypatch.setattr(
        imbxai_widgets.pipeline, "analyze_with", lambda *args: found.append(vars(args[-1]))
    )
    analyze(nn.Flatten(), [], **given)
    assert found == [given]


def test_embeddings_enter_the_head_and_predictions_leave_it(analysis: Analysis) -> None:
    model, train, _ = load_demo()
    rows = np.arange(0, len(train), 191)
    with torch.inference_mode():
        logits = model(torch.stack([train[int(row)][0] for row in rows]))
        heads = [module for module in model.modules() if isinstance(module, nn.Linear)]
        again = heads[-1](torch.from_numpy(analysis.embeddings[rows]))
    torch.testing.assert_close(again, logits, rtol=1e-4, atol=1e-4)
    assert np.array_equal(analysis.predictions[rows], logits.argmax(1).numpy())


def test_validation_archetypes_come_from_the_nearest_training_images(analysis: Analysis) -> None:
    model, _, validation = load_demo()
    held_out = analysis.validation
    assert held_out is not None
    rows = range(0, len(validation), 97)
    few = analyze(model, Subset(validation, rows), k=1, progress=False)
    for row, embedding in zip(rows, few.embeddings, strict=True):
        distances = np.linalg.norm(analysis.embeddings - embedding, axis=1)
        nearest = np.argsort(distances, kind="stable")[:5]
        np.testing.assert_allclose(
            distances[nearest], held_out.neighbor_distances[row], rtol=1e-3, atol=1e-4
        )
        expected = assign_archetypes(held_out.labels[[row]], analysis.labels[nearest][None])
        assert held_out.archetypes[row] == expected[0]


def test_errors_rise_from_safe_images_to_outliers(analysis: Analysis) -> None:
    """The demo's strongest figure: an image's neighborhood tells how it will fare."""
    table = analysis.errors_by_archetype()
    for column in ("training_error_rate", "validation_error_rate"):
        assert table[column].is_monotonic_increasing
        assert table.loc["safe", column] < 0.05
        assert table.loc["outlier", column] > 0.6


def test_every_class_has_salient_colors(analysis: Analysis) -> None:
    colors = analysis.colors()
    assert np.allclose(colors.sum(axis=1), 1)
    # A tenth of the drawn pixels of each image, rounded up, and nothing of the background.
    _, train, _ = load_demo()
    drawn = np.array([train.foreground(i).sum() for i in range(len(train))])
    expected = np.bincount(analysis.labels, weights=np.ceil(drawn / 10))
    assert analysis.color_counts is not None
    assert np.array_equal(analysis.color_counts.sum(axis=1), expected)
    counts = analysis.train.color_counts
    assert counts is not None
    assert counts.dtype == np.uint8  # of some hundred pixels: 11 bytes an image
    assert np.array_equal(counts.sum(axis=1), np.ceil(drawn / 10))
    assert np.array_equal(counts[analysis.labels == 9].sum(axis=0), analysis.color_counts[9])


@pytest.mark.parametrize("loss", ["ce", "ldam"])
def test_head_and_embeddings_give_the_logits_of_the_network(loss: str) -> None:
    model, train, validation = load_demo(loss)
    analysis = analyze(
        model, train, validation=validation, salient_fraction=None, progress=False, k=1
    )
    assert analysis.head is not None
    assert analysis.head.normalized == (loss == "ldam")
    for split, data in ((analysis.train, train), (analysis.validation, validation)):
        assert split is not None
        assert split.color_counts is None
        rows = np.arange(0, len(split), 37)
        with torch.no_grad():
            wanted = model(torch.stack([data[int(row)][0] for row in rows])).numpy()
        limit = 1e-4 * np.maximum(abs(wanted).max(axis=1, keepdims=True), 1)
        assert (abs(split.logits(rows) - wanted) <= limit).all()
        assert np.array_equal(split.logits().argmax(axis=1), split.predictions)


class _HalfLinear(nn.Module):
    """A network whose head is linear for the first images alone."""

    def __init__(self) -> None:
        super().__init__()
        self.features, self.head = nn.Flatten(), _Bent(12, 3)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(images))


class _Bent(nn.Linear):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x) * torch.where(x.amax(dim=1, keepdim=True) > 1, 2.0, 1.0)


def test_a_head_that_does_not_explain_all_images_is_left_out() -> None:
    torch.manual_seed(0)
    images = torch.rand(20, 3, 2, 2)
    images[17] += 1
    pairs = [(image, number % 3) for number, image in enumerate(images)]
    options: dict[str, Any] = {"salient_fraction": None, "progress": False, "batch_size": 10}
    with pytest.warns(UserWarning, match="for the first batch, but not for training image 17"):
        analysis = analyze(_HalfLinear(), pairs, k=1, **options)
    assert analysis.head is None
    with pytest.raises(ValueError, match="is not linear"):
        analysis.train.logits([0])
    del pairs[17]
    assert analyze(_HalfLinear(), pairs, k=1, **options).head is not None


def test_images_are_shown_as_they_were_drawn(analysis: Analysis) -> None:
    _, train, validation = load_demo()
    assert analysis.images is not None
    shown = analysis.images[0]
    assert (shown.shape, shown.dtype) == ((32, 32, 3), np.uint8)
    assert (shown == train.images[0]).all()
    assert analysis.validation is not None
    assert analysis.validation.images is not None
    assert (analysis.validation.images[7] == validation.images[7]).all()


def test_the_same_run_gives_the_same_analysis(analysis: Analysis) -> None:
    model, train, validation = load_demo()
    again = analyze(model, train, validation=validation, progress=False)
    assert np.array_equal(again.embeddings, analysis.embeddings)
    assert np.array_equal(again.neighbors, analysis.neighbors)
    assert again.color_counts is not None
    assert np.array_equal(again.color_counts, analysis.color_counts)


def test_without_saliency_there_are_no_colors_and_all_else_is_the_same(
    analysis: Analysis,
) -> None:
    model, train, _ = load_demo()
    plain = analyze(model, train, salient_fraction=None, progress=False)
    assert plain.color_counts is None
    np.testing.assert_allclose(plain.embeddings, analysis.embeddings, rtol=1e-4, atol=1e-5)
    assert np.array_equal(plain.predictions, analysis.predictions)


class CountedDataset(Dataset[Any]):
    def __init__(self, base: Dataset[Any]) -> None:
        self.base, self.reads = base, np.zeros(1, dtype=int)  # which a copy shares
        self.transform: Any = None

    def __len__(self) -> int:
        return 40

    def __getitem__(self, index: int) -> Any:
        self.reads += 1
        return self.base[index]


class RandomNothing:
    pass


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 0}, "k must be a whole number of at least 1"),
        ({"k": 2.5}, "k must be a whole number"),
        ({"k": 40}, "k=40 neighbors need at least 41 images, but the dataset has 40"),
        ({"top_k": 0}, "top_k must be a whole number of at least 1"),
        ({"top_k": 2.5}, "top_k must be a whole number"),
        ({"color_bins": "pastel"}, "perceptual"),
        ({"salient_fraction": 0.0}, "salient_fraction"),
        ({"salient_fraction": 1.5}, "salient_fraction"),
        ({"batch_size": 0}, "batch_size"),
        ({"class_names": ["one", "two"]}, "class_names gives 2 class names"),
        ({"validation": []}, r"no images.*\n.*about the validation images"),
        ({"validation": iter(())}, r"must be map-style.*\n.*about the validation images"),
        ({"validation": [(torch.rand(3, 32, 32), 10)]}, "image 0 has label 10"),
        ({"layer": "no.such.layer"}, "layer"),
    ],
)
def test_a_wrong_argument_is_named_before_the_long_work(
    options: dict[str, Any], message: str
) -> None:
    model, train, _ = load_demo()
    dataset = CountedDataset(train)
    with pytest.raises(ValueError, match=message):
        analyze(model, dataset, display_transform=lambda x: x.sigmoid(), progress=False, **options)
    assert dataset.reads[0] <= 2


class Renamed(CountedDataset):
    def __init__(self, base: Dataset[Any], classes: list[str]) -> None:
        super().__init__(base)
        self.classes = classes


def test_validation_labels_must_mean_the_same_classes() -> None:
    model, train, validation = load_demo()
    dataset = Renamed(train, list(train.classes))
    dataset.transform = train.transform
    other = Renamed(validation, sorted(train.classes))
    with pytest.raises(ValueError, match=r"label 0 the name 'Animals', .*'People'"):
        analyze(model, dataset, validation=other, progress=False)
    assert dataset.reads[0] <= 2
    options: dict[str, Any] = {"class_names": train.classes, "k": 1, "progress": False}
    with pytest.raises(ValueError, match=r"'Animals' the label 0, but .* \(Renamed\) the label"):
        analyze(model, dataset, validation=other, **options)
    assert dataset.reads[0] <= 4
    translated = Renamed(validation, [f"Klasse {name}" for name in train.classes])
    with pytest.warns(UserWarning, match="by different names .label 0 is 'People' and 'Klasse Peo"):
        told = analyze(model, dataset, validation=translated, **options)
    assert told.class_names == tuple(train.classes)


def test_random_transforms_are_told_once_of_each_dataset() -> None:
    model, train, _ = load_demo()
    dataset = CountedDataset(train)
    dataset.transform = [RandomNothing(), train.transform]
    with pytest.warns(UserWarning, match="RandomNothing") as caught:
        analyze(model, dataset, k=1, progress=False)
    assert len(caught) == 1


def test_the_readme_tells_what_is_computed(analysis: Analysis) -> None:
    plants = analysis.archetype_rates("Plants")
    safe, outlier = plants.loc["safe"], plants.loc["outlier"]
    votes = analysis.adversaries()["share"].loc["Plants"]
    errors = analysis.validation_errors()["share"].loc["Plants"]
    shared = analysis.feature_overlap("Plants").loc["Animals", "shared"]
    colors = analysis.colors()
    facts = [
        f"Of the {plants['images'].sum():.0f} plants only {safe['images']:.0f} are safe",
        f"{outlier['images']:.0f} are outliers",
        f"of the {outlier['validation_images']:.0f} validation plants that fall",
        f"{outlier['validation_error_rate']:.0%} are misclassified",
        f"{votes['Animals']:.0%} are for Animals and {votes['Food']:.0%} for Food",
        f"{errors['Animals']:.0%} are taken for Animals and {errors['Food']:.0%} for Food",
        f"Plants share {shared} of their {analysis.top_k} top features with Animals",
        f"{colors.loc['Plants', 'green']:.0%} of these pixels are green",
        f"against {colors['green'].mean():.0%} on average",
    ]
    for archetype, row in analysis.errors_by_archetype().iterrows():
        facts.append(
            f"| {archetype} | {row['training_images']:,.0f} | {row['training_error_rate']:.1%} "
            f"| {row['validation_images']:,.0f} | {row['validation_error_rate']:.1%} |"
        )
    agreement = analysis.errors_by_agreement()["validation_error_rate"]
    most, some, one, none = (f"{100 * rate:.0f}" for rate in agreement)
    facts.append(f"{most}, {some}, {one} and {none}% are misclassified")
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    words = " ".join(readme.split())
    for fact in facts:
        assert fact in words

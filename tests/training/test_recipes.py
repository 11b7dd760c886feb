"""The paper's recipes, run on small sets in the formats of the real ones."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from image_sets import SUPER_CATEGORIES, write_cifar, write_inaturalist, write_places
from PIL import Image

from imbxai_widgets import analyze
from imbxai_widgets.datasets import class_counts, imbalance_ratio, labels_of, long_tailed_sizes
from imbxai_widgets.training import recipes
from imbxai_widgets.training.__main__ import main
from imbxai_widgets.training.recipes import RECIPES, Fitted, Recipe, load_network, run
from imbxai_widgets.training.selection import thinned_sizes
from imbxai_widgets.training.sources import MissingDataError, torchvision_part

SHORT = replace(
    RECIPES["cifar10-lt"].regime, epochs=2, batch_size=16, milestones=(1,), reweight_from=1
)
# Training and test images of the super-categories of iNaturalist 2017, in alphabetical order, as
# https://github.com/visipedia/inat_comp/tree/master/2017 lists them.
INATURALIST = (
    (1982, 15318, 5228, 4873, 214295, 398, 5826, 100479, 29333, 7536, 158407, 308, 35201),
    (637, 2385, 1362, 1086, 21226, 144, 1780, 18076, 3490, 1841, 38206, 73, 5680),
)


def fewer(name: str, largest: int, tested: int, **changes: Any) -> Recipe:
    """Return a recipe with another size of the largest class, and other test images."""
    recipe = RECIPES[name]
    kind, ratio = {
        "cifar10-lt": ("exp", 100),
        "cifar100-lt": ("exp", 10),
        "places10": ("step", 5),
        "places100": ("exp", 10),
    }[name]
    assert recipe.train_sizes(np.full(10, 5000))[-1] * ratio == max(
        recipe.train_sizes(np.full(10, 5000))
    )
    return replace(
        recipe,
        train_sizes=lambda counts: long_tailed_sizes(largest, len(counts), kind, ratio),  # type: ignore[arg-type]
        test_sizes=partial(thinned_sizes, ratio=1, total=tested),
        **changes,
    )


@pytest.fixture
def cifar10(tmp_path: Path, torchvision: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A CIFAR-10 that is small enough to train on, with a regime of two epochs."""
    write_cifar(tmp_path / "data", torchvision, monkeypatch, n_classes=10, each=100)
    short = fewer("cifar10-lt", 100, 20, depth=8, regime=SHORT)
    monkeypatch.setitem(RECIPES, "cifar10-lt", short)
    return tmp_path / "data"


# The published images of each class, for training and test; then the paper's Table 1, with 12,406
# in place of its 12,046: training and test images, values of an input, imbalance, epochs, depth.
TABLE_1 = {
    "cifar10-lt": ([5000] * 10, [1000] * 10, 12_406, 10_000, 3072, 100, 200, 32),
    "cifar100-lt": ([500] * 100, [100] * 100, 19_573, 5000, 3072, 10, 200, 32),
    "inaturalist": (*INATURALIST, 72_358, 14_020, 1_440_000, 50, 50, 56),
    "places10": ([5000] * 9 + [3068], None, 15_000, 5000, 196_608, 5, 90, 56),
    "places100": ([5000] * 99 + [3068], None, 98_072, 15_000, 196_608, 10, 50, 56),
}


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_are_those_of_table_1(name: str) -> None:
    published, tested, trained, n_tested, values, ratio, epochs, depth = TABLE_1[name]
    recipe = RECIPES[name]
    sizes = recipe.train_sizes(np.array(published))
    assert sizes.sum() == trained
    assert sizes.max() / sizes.min() == pytest.approx(ratio, rel=1e-3)
    assert (sizes <= published).all()
    # Places is tested on training images that are left over.
    rest = np.array(published) - sizes if tested is None else np.array(tested)
    held_out = recipe.test_sizes(rest)
    assert held_out.sum() == n_tested
    assert (held_out <= rest).all()
    assert 3 * np.prod(recipe.size) == values
    assert (recipe.regime.epochs, recipe.depth) == (epochs, depth)


def test_the_regime_is_that_of_cao_et_al() -> None:
    for recipe in RECIPES.values():
        regime = recipe.regime
        assert (regime.batch_size, regime.learning_rate, regime.warmup) == (128, 0.1, 5)
        assert regime.milestones == (0.8 * regime.epochs, 0.9 * regime.epochs)
        assert (regime.reweight_from, regime.decay) == (0.8 * regime.epochs, 0.01)
        assert (regime.max_margin, regime.scale) == (0.5, 30)
        assert (regime.momentum, regime.weight_decay, regime.beta) == (0.9, 2e-4, 0.9999)
        assert regime.crop_padding == min(recipe.size) // 8


def test_cifar_10_is_imbalanced_as_in_the_paper(
    tmp_path: Path, torchvision: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_cifar(tmp_path, torchvision, monkeypatch, n_classes=10, each=500)
    recipe = fewer("cifar10-lt", 500, 20)
    train, validation = recipe.sets(tmp_path)
    assert class_counts(train).tolist() == [500, 299, 179, 107, 64, 38, 23, 13, 8, 5]
    assert class_counts(validation).tolist() == [2] * 10
    # Images are those of torchvision's own dataset, in RGB, normalized.
    plain = torchvision.datasets.CIFAR10(tmp_path)
    for position in (0, 3, len(train) - 1):
        image, label = train[position]
        pixels, expected = plain[train.positions[position]]
        assert label == expected
        mean, std = (torch.tensor(s)[:, None, None] for s in recipe.statistics)
        seen = torch.tensor(np.asarray(pixels)).permute(2, 0, 1) / 255
        torch.testing.assert_close(image, (seen - mean) / std)


def test_cifar_100(
    tmp_path: Path, torchvision: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_cifar(tmp_path, torchvision, monkeypatch, n_classes=100, each=20)
    train, validation = fewer("cifar100-lt", 20, 100).sets(tmp_path)
    assert class_counts(train).tolist() == long_tailed_sizes(20, 100, "exp", 10).tolist()
    assert imbalance_ratio(train) == 10
    assert class_counts(validation).tolist() == [1] * 100


def test_places(tmp_path: Path, torchvision: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    write_places(tmp_path, torchvision, monkeypatch, each=14)
    recipe = fewer("places10", 10, 30)
    train, validation = recipe.sets(tmp_path)
    assert class_counts(train).tolist() == [10] * 5 + [2] * 5
    assert class_counts(validation).tolist() == [3] * 10
    assert not set(train.positions) & set(validation.positions)
    assert validation.classes[:3] == ["/a/place_00", "/a/place_07", "/a/place_14"]
    assert validation.classes[8] == "/a/place_06"
    assert train[0][0].shape == (3, 256, 256)
    _, pixels = recipe.sets(tmp_path, recipe.pixels_transform())
    assert pixels.positions == validation.positions
    data = recipe.in_memory(pixels)
    assert data.pixels.shape == (30, 256, 256, 3)
    assert data.labels.tolist() == np.repeat(np.arange(10), 3).tolist()
    # Images of one brightness, gray ones among them, which JPEG may change a little.
    assert (data.pixels[3].int() - 20).abs().max() <= 2
    kept = recipe.in_memory(pixels, file=tmp_path / "pixels")
    assert torch.equal(kept.pixels, data.pixels)
    assert (tmp_path / "pixels").stat().st_size == data.pixels.numel()
    with pytest.raises(ValueError, match="class 0 has 14 images, but 2500 were asked for"):
        RECIPES["places10"].sets(tmp_path)


def test_photographs_fill_the_input_and_keep_their_proportions() -> None:
    image = np.zeros((40, 90, 3), np.uint8)
    image[:, 30:60] = 200  # the middle third
    wide = np.asarray(Fitted((20, 20))(Image.fromarray(image)))
    assert wide.shape == (20, 20, 3)
    assert (wide[:, 3:17] == 200).all()
    assert (wide[:, [0, -1]] == 0).all()
    assert np.asarray(Fitted((40, 90))(Image.fromarray(image))).tolist() == image.tolist()


@pytest.mark.usefixtures("torchvision")
def test_inaturalist(tmp_path: Path) -> None:
    write_inaturalist(tmp_path)
    recipe = replace(
        RECIPES["inaturalist"],
        train_sizes=partial(thinned_sizes, ratio=5, total=110),
        test_sizes=partial(thinned_sizes, ratio=1, total=13),
    )
    train, validation = recipe.sets(tmp_path)
    assert validation.classes == list(SUPER_CATEGORIES)
    # Of 2, 4, 6, ... images, at most 10 are left.
    assert class_counts(train).tolist() == [2, 4, 6, 8] + [10] * 9
    assert class_counts(validation).tolist() == [1] * 13
    assert train[0][0].shape == (3, 600, 800)
    assert labels_of(train).tolist() == sorted(labels_of(train).tolist())
    files = [
        {images.images.index[position] for position in images.positions}
        for images in (train, validation)
    ]
    assert not files[0] & files[1]


def test_a_recipe_trains_and_can_be_analyzed(cifar10: Path, tmp_path: Path) -> None:
    result = run("cifar10-lt", cifar10, tmp_path / "out", method="ldam", device="cpu")
    stem = tmp_path / "out" / "cifar10-lt-ldam-0"
    assert json.loads(stem.with_suffix(".json").read_text()) == json.loads(json.dumps(result))
    assert result["training_images"] == long_tailed_sizes(100, 10, "exp", 100).tolist()
    assert result["regime"]["method"] == "ldam"

    model = load_network(stem.with_suffix(".safetensors"))
    sets = RECIPES["cifar10-lt"].sets(cifar10)
    analysis = analyze(model, sets.train, validation=sets.validation, progress=False)
    assert analysis.embeddings.shape[1] == 64
    for name, split in (("training", analysis.train), ("validation", analysis.validation)):
        told = result[name]["all"]
        assert (split.predictions == split.labels).mean() == pytest.approx(told, abs=5e-5)


def test_the_command_prints_every_class_and_may_be_given_again(
    cifar10: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["cifar10-lt", "--data", str(cifar10), "--device", "cpu", "--output"]
    main([*command, str(tmp_path / "out")])
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "class, training images, training accuracy, validation accuracy"
    assert [line.split(", ")[:2] for line in printed[1:]] == [
        *([f"class {n}", str(size)] for n, size in enumerate(long_tailed_sizes(100, 10))),
        ["all", "242"],
    ]
    weights = tmp_path / "out" / "cifar10-lt-ce-0.safetensors"
    before = weights.read_bytes()
    main([*command, str(tmp_path / "out")])
    assert weights.read_bytes() == before


def test_departures_for_want_of_memory_are_recorded(
    cifar10: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run("cifar10-lt", cifar10, tmp_path / "whole", device="cpu")
    assert (whole["size"], whole["regime"]["batch_size"]) == ((32, 32), 16)
    # Pixels that do not fit into memory are read from a file: the network is the same.
    monkeypatch.setattr(recipes, "IN_MEMORY_BYTES", 1000)
    assert run("cifar10-lt", cifar10, tmp_path / "filed", device="cpu") == whole
    names = {path.name for path in (tmp_path / "filed").iterdir()}
    assert names == {f"cifar10-lt-ce-0.{end}" for end in ("checkpoint", "json", "safetensors")}
    small = run("cifar10-lt", cifar10, tmp_path / "small", device="cpu", size=16, batch_size=8)
    assert (small["size"], small["regime"]["batch_size"]) == ((16, 16), 8)
    assert small["regime"]["crop_padding"] == 2
    for wrong in ({"size": 7}, {"batch_size": 0}):
        with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be at least"):
            run("cifar10-lt", cifar10, tmp_path / "wrong", **wrong)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([3, 0], 2, 1), "counts must be at least 1"),
        (([3, 1], 0.5, 1), "ratio must be 1 or more"),
        (([9, 1], 5, 7), "total must be from 1 to 6"),
        (([9, 1], 5, 0), "total must be from 1 to 6"),
    ],
)
def test_sizes_that_cannot_be_are_refused(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        thinned_sizes(*arguments)


@pytest.mark.usefixtures("torchvision")
@pytest.mark.parametrize("name", RECIPES)
def test_without_the_images_it_says_what_to_download_and_where_to_put_it(
    name: str, tmp_path: Path
) -> None:
    told = {
        "cifar10-lt": ("cifar-10-python.tar.gz", "cs.toronto.edu/~kriz", "cifar-10-batches-py"),
        "cifar100-lt": ("cifar-100-python.tar.gz", "cs.toronto.edu/~kriz", "cifar-100-python"),
        "places10": (
            *("train_256_places365standard.tar", "places2.csail.mit.edu"),
            "data_256_standard/a/airfield",
        ),
        "places100": ("filelist_places365-standard.tar", "places2.csail.mit.edu", "_train_"),
        "inaturalist": ("train_val_images.tar.gz", "visipedia/inat_comp", "val2017.json"),
    }[name]
    data = tmp_path / "data"
    with pytest.raises(MissingDataError) as caught:
        RECIPES[name].sets(data)
    for part in (*told, str(data)):
        assert part in str(caught.value)
    assert not data.exists()
    with pytest.raises(SystemExit, match=told[0]):
        main([name, "--data", str(data), "--output", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()


def test_unknown_recipes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"one of cifar10-lt, .*inaturalist, not 'mnist'"):
        run("mnist", tmp_path, tmp_path)


def test_damaged_images_are_refused(cifar10: Path) -> None:
    file = cifar10 / "cifar-10-batches-py" / "data_batch_2"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(MissingDataError, match="not whole"):
        RECIPES["cifar10-lt"].sets(cifar10)


def test_lists_without_images_are_not_enough(
    tmp_path: Path, torchvision: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_places(tmp_path, torchvision, monkeypatch, each=1)
    (tmp_path / "data_256_standard").rename(tmp_path / "elsewhere")
    with pytest.raises(MissingDataError, match=r"train_256_places365standard\.tar"):
        RECIPES["places10"].sets(tmp_path)


def test_torchvision_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    monkeypatch.delitem(sys.modules, "torchvision.datasets", raising=False)
    with pytest.raises(ImportError, match=r"pip install \"imbxai_widgets\[train\]\""):
        torchvision_part("datasets")

"""The paper's recipes, run on small sets in the formats of the real ones."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from image_sets import SUPER_CATEGORIES, write_cifar, write_inaturalist, write_places

from imbxai_widgets import analyze
from imbxai_widgets.datasets import class_counts, imbalance_ratio, labels_of, long_tailed_sizes
from imbxai_widgets.training.__main__ import main
from imbxai_widgets.training.recipes import RECIPES, load_network, pixels_transform, run
from imbxai_widgets.training.sources import MissingDataError, torchvision_part

SHORT = replace(
    RECIPES["cifar10-lt"].regime, epochs=2, batch_size=16, milestones=(1,), reweight_from=1
)


@pytest.fixture
def cifar10(tmp_path: Path, torchvision: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A CIFAR-10 that is small enough to train on, with a regime of two epochs."""
    write_cifar(tmp_path / "data", torchvision, monkeypatch, n_classes=10, each=100)
    short = replace(RECIPES["cifar10-lt"], depth=8, regime=SHORT)
    monkeypatch.setitem(RECIPES, "cifar10-lt", short)
    return tmp_path / "data"


def test_recipes_are_the_papers() -> None:
    told = {name: (recipe.depth, recipe.imbalance) for name, recipe in RECIPES.items()}
    assert told == {
        "cifar10-lt": (32, ("exp", 100)),
        "cifar100-lt": (32, ("exp", 10)),
        "places10": (56, ("step", 5)),
        "places100": (56, ("exp", 10)),
        "inaturalist": (56, None),
    }
    for recipe in RECIPES.values():
        regime = recipe.regime
        assert (regime.epochs, regime.batch_size, regime.learning_rate) == (200, 128, 0.1)
        assert (regime.warmup, regime.milestones, regime.decay) == (5, (160, 180), 0.01)
        assert (regime.max_margin, regime.scale, regime.reweight_from) == (0.5, 30, 160)
        assert (regime.momentum, regime.weight_decay, regime.beta) == (0.9, 2e-4, 0.9999)


def test_cifar_10_is_imbalanced_as_in_the_paper(
    tmp_path: Path, torchvision: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_cifar(tmp_path, torchvision, monkeypatch, n_classes=10, each=500)
    train, validation = RECIPES["cifar10-lt"].sets(tmp_path)
    assert class_counts(train).tolist() == [500, 299, 179, 107, 64, 38, 23, 13, 8, 5]
    assert class_counts(validation).tolist() == [2] * 10
    # Images are those of torchvision's own dataset, in RGB, normalized.
    plain = torchvision.datasets.CIFAR10(tmp_path)
    for position in (0, 3, len(train) - 1):
        image, label = train[position]
        pixels, expected = plain[train.indices[position]]
        assert label == expected
        mean, std = (torch.tensor(s)[:, None, None] for s in RECIPES["cifar10-lt"].statistics)
        seen = torch.tensor(np.asarray(pixels)).permute(2, 0, 1) / 255
        torch.testing.assert_close(image, (seen - mean) / std)


def test_cifar_100(
    tmp_path: Path, torchvision: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_cifar(tmp_path, torchvision, monkeypatch, n_classes=100, each=20)
    train, validation = RECIPES["cifar100-lt"].sets(tmp_path)
    assert class_counts(train).tolist() == long_tailed_sizes(20, 100, "exp", 10).tolist()
    assert imbalance_ratio(train) == 10
    assert class_counts(validation).tolist() == [2] * 100


def test_places(tmp_path: Path, torchvision: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    write_places(tmp_path, torchvision, monkeypatch, each=10)
    train, validation = RECIPES["places10"].sets(tmp_path)
    assert class_counts(train).tolist() == [10] * 5 + [2] * 5
    assert class_counts(validation).tolist() == [1] * 10
    assert validation.classes[:3] == ["/a/place_00", "/a/place_07", "/a/place_14"]
    assert validation.classes[8] == "/a/place_06"
    assert train[0][0].shape == (3, 32, 32)
    hundred, _ = RECIPES["places100"].sets(tmp_path)
    assert class_counts(hundred).tolist() == long_tailed_sizes(10, 100, "exp", 10).tolist()
    _, pixels = RECIPES["places10"].sets(tmp_path, pixels_transform())
    data = RECIPES["places10"].in_memory(pixels)
    assert data.pixels.shape == (10, 32, 32, 3)
    assert data.labels.tolist() == list(range(10))
    # A gray image of one brightness, which JPEG may change a little.
    assert (data.pixels[3].int() - 60).abs().max() <= 2


@pytest.mark.usefixtures("torchvision")
def test_inaturalist(tmp_path: Path) -> None:
    write_inaturalist(tmp_path)
    train, validation = RECIPES["inaturalist"].sets(tmp_path)
    assert validation.classes == list(SUPER_CATEGORIES)
    assert class_counts(train).tolist() == [2 * (number + 1) for number in range(13)]
    assert class_counts(validation).tolist() == [2] * 13
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


@pytest.mark.usefixtures("torchvision")
@pytest.mark.parametrize("name", RECIPES)
def test_without_the_images_it_says_what_to_download_and_where_to_put_it(
    name: str, tmp_path: Path
) -> None:
    told = {
        "cifar10-lt": ("cifar-10-python.tar.gz", "cs.toronto.edu/~kriz", "cifar-10-batches-py"),
        "cifar100-lt": ("cifar-100-python.tar.gz", "cs.toronto.edu/~kriz", "cifar-100-python"),
        "places10": ("train_256_places365standard.tar", "places2.csail.mit.edu", "val_256/"),
        "places100": ("filelist_places365-standard.tar", "places2.csail.mit.edu", "val_256/"),
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
    (tmp_path / "val_256").rename(tmp_path / "elsewhere")
    with pytest.raises(MissingDataError, match=r"val_256\.tar"):
        RECIPES["places10"].sets(tmp_path)


def test_torchvision_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    monkeypatch.delitem(sys.modules, "torchvision.datasets", raising=False)
    with pytest.raises(ImportError, match=r"pip install \"imbxai_widgets\[train\]\""):
        torchvision_part("datasets")

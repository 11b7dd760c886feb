"""Logits in tuples, dicts and output objects."""

from __future__ import annotations

import warnings
from collections import namedtuple
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from dataset_cases import Listed
from embedding_cases import CLASSES, SIZE, Images, network, quiet
from torch import Tensor, nn

from imbxai_widgets import analyze
from imbxai_widgets.compute.embedding.layers import EmbeddingReader, LayerError
from imbxai_widgets.compute.embedding.outputs import logits_candidates
from imbxai_widgets.compute.reading.labeled_images import LabeledImages

LOGITS, FEATURES, MAP = torch.rand(2, 3), torch.rand(2, 8), torch.rand(2, 8, 4, 4)
GoogLeNetOutputs = namedtuple("GoogLeNetOutputs", ["logits", "aux_logits2", "aux_logits1"])


class Returns(nn.Module):
    """A network with two linear layers on one embedding, and an output made of what they give."""

    def __init__(self, pack: Any) -> None:
        super().__init__()
        self.body, self.pack = network()[:7], pack
        self.fc, self.projection = nn.Linear(32, CLASSES), nn.Linear(32, 6)

    def forward(self, x: Tensor) -> Any:
        features = self.body(x)
        return self.pack(self.fc(features), features, self.projection(features))


@pytest.mark.parametrize(
    ("output", "names"),
    [
        (LOGITS, [""]),
        ((LOGITS,), ["0"]),
        ([MAP, LOGITS], ["1"]),
        ((FEATURES, LOGITS, None), ["0", "1"]),
        ({"out": LOGITS, "aux": LOGITS}, ["out"]),
        ({"loss": torch.ones(()), "out": FEATURES, "logits": LOGITS}, ["logits"]),
        ({"features": FEATURES, "scores": LOGITS}, ["features", "scores"]),
        (GoogLeNetOutputs(LOGITS, LOGITS, LOGITS), ["logits"]),
        (SimpleNamespace(features=FEATURES, logits=LOGITS), ["logits"]),
    ],
)
def test_where_logits_may_be(output: Any, names: list[str]) -> None:
    assert list(logits_candidates(output, 2)) == names


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (MAP, r"gave \(2, 8, 4, 4\) for 2 images; wrap it"),
        (torch.rand(3, 4), r"gave \(3, 4\) for 2 images"),
        ((MAP, [LOGITS]), r"gave a tuple \(0: \(2, 8, 4, 4\), 1: list\) for"),
        ({"logits": MAP}, r"gave a dict \(logits: \(2, 8, 4, 4\)\) for"),
        (None, "gave a NoneType for"),
    ],
)
def test_outputs_without_logits(output: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        logits_candidates(output, 2)


@pytest.mark.parametrize(
    "pack",
    [
        lambda logits, features, _: (logits, features),
        lambda logits, features, _: (features, logits),
        lambda logits, features, _: {"features": features, "scores": logits},
        lambda logits, _, projected: {"projection": projected, "logits": logits},
        lambda logits, features, _: SimpleNamespace(logits=logits, hidden_states=(features,)),
    ],
)
def test_the_head_tells_which_of_several_are_the_logits(pack: Any) -> None:
    model, data = Returns(pack).eval(), Images(5)
    found = quiet(model, data, batch_size=2, salient_fraction=0.1)
    with torch.no_grad():
        embeddings = model.body(data.images)
        predictions = model.fc(embeddings).argmax(dim=1)
    torch.testing.assert_close(torch.from_numpy(found.embeddings), embeddings)
    assert found.n_classes == CLASSES
    assert found.predictions.tolist() == predictions.tolist()


def test_several_heads_are_warned_of_once() -> None:
    model = Returns(lambda logits, _, projected: (logits, projected)).eval()
    with EmbeddingReader(model) as reader:
        with pytest.warns(UserWarning, match=r"\(0: \(B, 4\), 1: \(B, 6\)\); the first is taken"):
            logits, _ = reader.run(torch.rand(2, 3, SIZE, SIZE))
        assert logits.shape == (2, CLASSES)
        reader.run(torch.rand(3, 3, SIZE, SIZE))
    assert reader.source == "<fc"


@pytest.mark.parametrize("pack", [lambda *both: both[:2], lambda *both: both[1::-1]])
def test_the_head_tells_where_a_layer_is_given_too(pack: Any) -> None:
    model = Returns(pack).eval()
    found = quiet(model, Images(5), layer="body.2", batch_size=2)
    assert found.n_classes == CLASSES
    assert found.embeddings.shape == (5, 8)
    assert found.predictions.tolist() == predictions_of(model).tolist()


def test_where_no_head_tells_the_first_is_taken() -> None:
    model = Returns(lambda logits, features, _: (logits.flip(1), features)).eval()
    with pytest.warns(UserWarning, match=r"0: \(B, 4\), 1: \(B, 32\)\); the first is taken"):
        assert quiet(model, Images(2), layer="body.2").n_classes == CLASSES


class Embeds(nn.Module):
    """A network whose embedding is the output of a linear layer too, and a projection of it."""

    def __init__(self, pack: Any) -> None:
        super().__init__()
        self.body, self.pack = network()[:7], pack
        self.embed, self.fc, self.project = nn.Linear(32, 6), nn.Linear(6, 4), nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Any:
        embedding = self.embed(self.body(x))
        return self.pack(embedding, self.fc(embedding), self.project(embedding))


def predictions_of(model: Any) -> Tensor:
    with torch.no_grad():
        features = model.body(Images(5).images)
        return model.fc(model.embed(features) if hasattr(model, "embed") else features).argmax(1)


EMBEDDING_FIRST = [
    lambda embedding, logits, _: (embedding, logits),
    lambda embedding, logits, _: {"features": embedding, "preds": logits},
    lambda embedding, logits, _: SimpleNamespace(features=embedding, preds=logits),
    lambda embedding, logits, _: {"features": embedding, "preds": logits / 2},
]
THREE = [
    lambda embedding, logits, projected: (embedding, logits, projected),
    lambda embedding, logits, projected: (projected, logits, embedding),
    lambda embedding, logits, projected: {"output": embedding, "x": projected, "preds": logits},
]


@pytest.mark.parametrize("layer", [None, "body.2"])
@pytest.mark.parametrize("pack", EMBEDDING_FIRST + THREE)
def test_names_tell_which_of_several_are_the_logits(pack: Any, layer: str | None) -> None:
    model, names = Embeds(pack).eval(), ["a", "b", "c", "d"]
    data = LabeledImages(Images(5), class_names=names)
    found = quiet(model, data, batch_size=2, layer=layer)
    assert found.n_classes == CLASSES
    assert found.predictions.tolist() == predictions_of(model).tolist()
    assert found.embeddings.shape == (5, 8 if layer else 6)


@pytest.mark.parametrize("layer", [None, "body.2"])
@pytest.mark.parametrize("pack", EMBEDDING_FIRST)
def test_without_names_the_head_that_runs_last_is_taken(pack: Any, layer: str | None) -> None:
    model = Embeds(pack).eval()
    with pytest.warns(UserWarning, match=r"\(B, 4\)\); \w+, whose head is among the last, is"):
        found = quiet(model, Images(5), batch_size=2, layer=layer)
    assert found.predictions.tolist() == predictions_of(model).tolist()


def test_heads_that_read_one_embedding_are_not_told_apart_by_their_order() -> None:
    model = Embeds(lambda embedding, logits, projected: (embedding, logits, projected)).eval()
    with pytest.warns(UserWarning, match=r"\(B, 5\)\); 1, whose head is among the last, is"):
        assert quiet(model, Images(5)).n_classes == CLASSES


def test_the_choice_is_told_once_in_an_analysis() -> None:
    data = [(image, index % 4) for index, image in enumerate(Images(8).images)]
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        analyze(Embeds(EMBEDDING_FIRST[0]).eval(), data, k=1, progress=False)
    told = [str(one.message) for one in given if "may be its logits" in str(one.message)]
    assert len(told) == 1
    assert "1, whose head is among the last, is taken" in told[0]


def test_validation_images_take_the_output_that_the_training_images_took() -> None:
    """Though they name as many classes as the embedding has features."""
    data = [(image, index % 2) for index, image in enumerate(Images(8).images)]
    model = Embeds(lambda embedding, logits, _: (embedding, logits)).eval()
    model.embed, model.fc, model.project = nn.Linear(32, 2), nn.Linear(2, CLASSES), nn.Identity()
    nn.init.uniform_(model.embed.weight)  # so that no feature is negative
    train, validation = Listed(data, classes=list("abcd")), Listed(data, classes=["a", "b"])
    found = analyze(model, train, validation=validation, k=1, progress=False)
    assert found.n_classes == CLASSES
    assert found.validation is not None
    np.testing.assert_array_equal(found.validation.top.classes, found.train.top.classes)


def test_none_of_several_has_a_column_for_each_name() -> None:
    data = LabeledImages(Images(5), class_names=["a", "b", "c"])
    message = r"tuple \(0: \(5, 6\), 1: \(5, 4\)\), of which none has .* the 3 class names"
    with pytest.raises(ValueError, match=message):
        quiet(Embeds(EMBEDDING_FIRST[0]).eval(), data)
    with pytest.raises(ValueError, match="gives 3 class names, but the model has 4 logits"):
        analyze(
            Returns(lambda logits, features, _: {"x": features, "logits": logits}),
            Images(5),
            class_names=["a", "b", "c"],
            k=1,
            progress=False,
        )


def test_an_output_that_changes_its_kind_is_refused() -> None:
    class Changes(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.fc = network()[:7], nn.Linear(32, CLASSES)

        def forward(self, x: Tensor) -> Any:
            logits = self.fc(self.body(x))
            return (x, logits) if len(x) == 2 else logits

    with pytest.raises(LayerError, match="its logits as '1' in the first batch, but not in a lat"):
        quiet(Changes().eval(), Images(3), batch_size=2)


def test_none_of_several_has_a_head() -> None:
    model = Returns(lambda logits, features, _: (features, logits.sigmoid()))
    with pytest.raises(LayerError, match="head was not found"):
        quiet(model, Images(2))

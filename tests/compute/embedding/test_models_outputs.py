"""Logits in tuples, dicts and output objects."""

from __future__ import annotations

from collections import namedtuple
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from embedding_cases import CLASSES, SIZE, Images, network, quiet
from torch import Tensor, nn

from imbxai_widgets.compute.embedding.layers import EmbeddingReader, LayerError
from imbxai_widgets.compute.embedding.outputs import logits_candidates

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


def test_no_head_tells_where_a_layer_is_given() -> None:
    model = Returns(lambda logits, features, _: (logits, features)).eval()
    with pytest.warns(UserWarning, match=r"0: \(B, 4\), 1: \(B, 32\)"):
        assert quiet(model, Images(2), layer="body.2").n_classes == CLASSES


def test_none_of_several_has_a_head() -> None:
    model = Returns(lambda logits, features, _: (features, logits.sigmoid()))
    with pytest.raises(LayerError, match="head was not found"):
        quiet(model, Images(2))

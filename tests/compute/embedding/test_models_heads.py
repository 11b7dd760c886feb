"""Heads of every make: wrapped, normalized, scaled, convolutions, several of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from embedding_cases import CLASSES, SIZE, Images, network, quiet
from torch import Tensor, nn
from torch.nn import functional

from imbxai_widgets.compute.embedding.heads import find_head, observed
from imbxai_widgets.compute.embedding.layers import EmbeddingReader, LayerError

IMAGES = Images(6).images


class NormedLinear(nn.Module):
    """As with LDAM: the cosine between embedding and class, no nn.Linear."""

    def __init__(self, scale: float = 1) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(32, CLASSES))
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * functional.normalize(x) @ functional.normalize(self.weight, dim=0)


class Prototypes(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.centers = nn.Parameter(torch.randn(CLASSES, 32))

    def forward(self, x: Tensor) -> Tensor:
        return -torch.cdist(x, self.centers)


class Then(nn.Module):
    """A network, and what its forward does with the output of the last layer."""

    def __init__(self, head: nn.Module, then: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.body, self.head, self.then = network()[:7], head, then

    def forward(self, x: Tensor) -> Tensor:
        return self.then(self.head(self.body(x)))


class Tokens(nn.Module):
    """A linear head on each of the pixels, whose class scores are averaged."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = network()[:4], nn.Linear(8, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x).flatten(2).movedim(1, 2)).mean(dim=1)


class TwoViews(nn.Module):
    """One head runs on two views of an image; the logits are those of one run or of both."""

    def __init__(self, choose: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.body, self.head, self.choose = network()[:7], nn.Linear(32, CLASSES), choose

    def forward(self, x: Tensor) -> Tensor:
        return self.choose(self.head(self.body(x)), self.head(self.body(x.flip(3))))


def seeded(build: Callable[[], nn.Module]) -> nn.Module:
    torch.manual_seed(1)
    return build().eval()


@torch.no_grad()
def read(model: nn.Module) -> tuple[str | None, Tensor]:
    """Return the head found and the embeddings, and check what two batches give against one."""
    with EmbeddingReader(model) as reader:
        logits, embedding = reader.run(IMAGES)
        assert torch.equal(logits, model(IMAGES))
        parts = [reader.run(IMAGES[rows])[1] for rows in (slice(4), slice(4, None))]
    torch.testing.assert_close(torch.cat(parts), embedding)
    return reader.source, embedding


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (lambda: nn.Sequential(nn.Dropout(0.5), nn.Linear(32, CLASSES)), "<head.1"),
        (lambda: nn.Sequential(nn.Linear(32, CLASSES), nn.Dropout(0.5)), "<head.0"),
        (lambda: nn.utils.parametrizations.weight_norm(nn.Linear(32, CLASSES)), "<head"),
        (NormedLinear, "<head"),
        (lambda: NormedLinear(scale=30), "<head"),
        (lambda: nn.Sequential(nn.Dropout(0.5), NormedLinear(), nn.Identity()), "<head.1"),
        (Prototypes, "<head"),
    ],
)
@pytest.mark.parametrize("then", [lambda x: x, lambda x: x / 0.07, lambda x: x.double()])
def test_the_embedding_is_the_input_of_the_head(
    head: Callable[[], nn.Module], name: str, then: Callable[[Tensor], Tensor]
) -> None:
    model = seeded(lambda: Then(head(), then))
    source, embedding = read(model)
    assert source == name
    torch.testing.assert_close(embedding, model.body(IMAGES).detach())
    torch.testing.assert_close(then(model.head(embedding)), model(IMAGES))


def test_of_several_linear_layers_the_last_is_the_head() -> None:
    layers = [nn.Linear(32, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, CLASSES)]
    model = seeded(lambda: nn.Sequential(network()[:7], *layers))
    source, embedding = read(model)
    assert (source, embedding.shape) == ("<4", (6, 16))
    assert quiet(model, Images(3), layer="<1").embeddings.shape == (3, 32)  # the first, if wanted


@pytest.mark.parametrize(
    "behind",
    [
        [nn.AdaptiveAvgPool2d(1), nn.Flatten()],
        [nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()],
        [nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten()],
    ],
)
def test_a_convolution_whose_map_is_averaged(behind: list[nn.Module]) -> None:
    model = seeded(lambda: nn.Sequential(*network()[:4], nn.Conv2d(8, CLASSES, 1), *behind))
    source, embedding = read(model)
    assert source == "<4"
    torch.testing.assert_close(embedding, model[:4](IMAGES).mean(dim=(2, 3)).detach())


@pytest.mark.parametrize("relu", [nn.ReLU(), nn.ReLU(inplace=True)])
def test_averaged_features_are_no_logits(relu: nn.Module) -> None:
    """A network like VGG, without its head."""
    behind = [relu, nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    model = seeded(lambda: nn.Sequential(*network()[:4], nn.Conv2d(8, 16, 3, padding=1), *behind))
    with pytest.raises(LayerError, match="does not return what its last layer of 16 outputs, '4'"):
        read(model)


def test_a_convolution_of_what_was_averaged() -> None:
    head = [nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, CLASSES, 1), nn.Flatten()]
    model = seeded(lambda: nn.Sequential(*network()[:4], *head))
    source, embedding = read(model)
    assert source == "<5"
    torch.testing.assert_close(model[5](embedding[..., None, None])[..., 0, 0], model(IMAGES))


def test_a_linear_layer_on_tokens() -> None:
    model = seeded(Tokens)
    source, embedding = read(model)
    assert source == "<head"
    torch.testing.assert_close(model.head(embedding), model(IMAGES))


@pytest.mark.parametrize("view", [0, 1])
def test_a_head_that_runs_twice(view: int) -> None:
    model = seeded(lambda: TwoViews(lambda *views: views[view]))
    torch.testing.assert_close(model.head(read(model)[1]), model(IMAGES))


def test_an_averaged_copy_of_the_head_is_not_taken_for_it() -> None:
    """A copy that lags behind gives nearly the same; what decides is which gives the logits."""
    given = torch.rand(4, 8)
    head, copy = nn.Linear(8, 3), nn.Linear(8, 3)
    copy.load_state_dict({name: value * (1 + 1e-6) for name, value in head.state_dict().items()})
    calls = [observed(name, module, given, module(given)) for name, module in
             (("head", head), ("copy", copy))]  # fmt: skip
    assert not torch.equal(head(given), copy(given))
    assert find_head(calls, head(given)) is calls[0]
    assert find_head(calls, copy(given)) is calls[1]


@pytest.mark.parametrize("layer", [None, "<head", "body"])
@pytest.mark.parametrize("last", [torch.sigmoid, lambda x: x.softmax(dim=1), nn.Sigmoid()])
def test_probabilities_are_refused_and_no_layer_is_asked_for(
    last: Callable[[Tensor], Tensor], layer: str | None
) -> None:
    model = seeded(lambda: Then(nn.Linear(32, CLASSES), last))
    with pytest.raises(LayerError, match=r"let it return these") as refusal:
        quiet(model, Images(2), layer=layer)
    assert "Pass layer" not in str(refusal.value)


@pytest.mark.parametrize("batch_size", [1, 2, 128])
def test_sigmoids_that_no_layer_tells_of_are_refused_with_a_layer(batch_size: int) -> None:
    model = seeded(lambda: TwoViews(lambda one, other: ((one + other) / 2).sigmoid()))
    with pytest.raises(LayerError, match="whatever it takes the sigmoid of"):
        quiet(model, Images(6), layer="<head", batch_size=batch_size)
    mean = seeded(lambda: TwoViews(lambda one, other: (one + other) / 2))
    assert quiet(mean, Images(6), layer="<head", batch_size=batch_size).n_classes == CLASSES


def test_a_head_vouches_for_logits_between_0_and_1() -> None:
    model = seeded(lambda: Then(nn.Linear(32, CLASSES), lambda x: x))
    with torch.no_grad():
        model.head.weight.zero_()
        model.head.bias.copy_(torch.linspace(0.1, 0.9, CLASSES))
    assert quiet(model, Images(9), layer="<head").predictions.tolist() == [CLASSES - 1] * 9


@pytest.mark.parametrize(
    ("then", "message"),
    [
        (torch.sigmoid, "returns the sigmoid of what 'head' gives"),
        (lambda x: x.softmax(dim=1), "returns the softmax of what 'head' gives"),
        (lambda x: x.log_softmax(dim=1), "returns the log_softmax of what 'head' gives"),
        (lambda x: -x, "does not return what its last layer of 4 outputs, 'head', gives"),
        (lambda x: x + torch.arange(4.0), "logits adjusted"),
        (lambda x: x[:, :3], "no linear layer, .* gave the 3 logits"),
    ],
)
def test_what_stands_between_head_and_logits(
    then: Callable[[Tensor], Tensor], message: str
) -> None:
    model = seeded(lambda: Then(nn.Linear(32, CLASSES), then))
    listed = r"body\.6: Flatten \(6, 8, 2, 2\) -> \(6, 32\)\n  body.*\n  head: Linear \(6, 32\) ->"
    with pytest.raises(LayerError, match=rf"{message}[\s\S]*{listed}"):
        read(model)


def test_an_average_of_heads_has_no_head() -> None:
    with pytest.raises(LayerError, match="are several heads averaged"):
        read(seeded(lambda: TwoViews(lambda one, other: (one + other) / 2)))


def test_later_batches_are_held_to_the_head() -> None:
    temperature = iter([1, 1, -1])
    model = seeded(lambda: Then(nn.Linear(32, CLASSES), lambda x: x * next(temperature)))
    with pytest.raises(
        LayerError, match=r"'<head', whose input is the embedding, .* not of a later"
    ):
        quiet(model, Images(6), batch_size=2)


def test_the_model_is_no_head_of_itself() -> None:
    class Whole(nn.Module):
        """Its weights are its own, so that no layer's input can be read."""

        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.randn(3 * SIZE * SIZE, CLASSES))

        def forward(self, x: Tensor) -> Tensor:
            return x.flatten(1) @ self.weight

    with pytest.raises(
        LayerError, match=r"\(the model itself\): Whole \(6, 3, 10, 10\) -> \(6, 4\)"
    ):
        read(seeded(Whole))

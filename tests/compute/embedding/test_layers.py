from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
import torch
from model_cases import SWIN_OF_TORCHVISION
from torch import Tensor, nn

from imbxai_widgets.compute.embedding.layers import EmbeddingReader, LayerError


class TwoHeads(nn.Module):
    """The auxiliary head has as many outputs, is registered last and runs last."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(6, 3)
        self.body = nn.Linear(4, 6)
        self.auxiliary = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.body(x.flatten(1)).relu()
        logits = self.head(hidden)
        self.auxiliary(hidden)
        return logits


class Scaled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(x.flatten(1)).softmax(dim=1)


def small_cnn() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 5, 3),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(5, 3),
    )


def hooks(model: nn.Module) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())


def run(model: nn.Module, layer: nn.Module | str | None, *batches: Tensor) -> list[Tensor]:
    with EmbeddingReader(model, layer) as reader:
        found = [reader.run(batch)[1] for batch in batches]
    assert hooks(model) == 0
    return found


def test_embedding_enters_the_head_in_every_batch() -> None:
    model, batches = small_cnn(), (torch.rand(2, 1, 6, 6), torch.rand(3, 1, 6, 6))
    for batch, embedding in zip(batches, run(model, None, *batches), strict=True):
        torch.testing.assert_close(embedding, model[:4](batch).detach())
        torch.testing.assert_close(model[4](embedding), model(batch))
        assert not embedding.requires_grad


def test_after_the_first_batch_one_hook_is_left() -> None:
    model = small_cnn()
    with EmbeddingReader(model) as reader:
        assert reader.source is None
        reader.run(torch.rand(1, 1, 6, 6))
        assert reader.source == "<4"
        assert hooks(model) == 1


def test_the_head_gives_the_logits_whatever_its_place() -> None:
    model, batch = TwoHeads(), torch.rand(2, 4)
    with EmbeddingReader(model) as reader:
        reader.run(batch)
        assert reader.source == "<head"


def test_a_layer_by_name_by_module_and_by_its_input() -> None:
    model, batch = small_cnn(), torch.rand(2, 1, 6, 6)
    raw = model[0](batch).detach()
    relu = raw.relu()
    assert torch.equal(run(model, "0", batch)[0], raw.mean(dim=(2, 3)))  # before ReLU in place
    assert torch.equal(run(model, model[1], batch)[0], relu.mean(dim=(2, 3)))
    assert torch.equal(run(model, "<1", batch)[0], raw.mean(dim=(2, 3)))
    assert torch.equal(run(model, "<4", batch)[0], run(model, None, batch)[0])


def test_a_head_called_with_a_keyword() -> None:
    class Keyword(Scaled):
        def forward(self, x: Tensor) -> Tensor:
            return self.fc(input=x.flatten(1))

    batch = torch.rand(2, 4)
    assert torch.equal(run(Keyword(), None, batch)[0], batch)


def test_the_model_may_be_its_own_head() -> None:
    batch = torch.rand(2, 4)
    assert torch.equal(run(nn.Linear(4, 3), None, batch, batch)[1], batch)


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small", "shufflenet_v2_x0_5"])
def test_networks_of_torchvision(torchvision: ModuleType, name: str) -> None:
    model = getattr(torchvision.models, name)(num_classes=7).eval()
    batch = torch.rand(2, 3, 32, 32)
    embedding = run(model, None, batch)[0]
    linear = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    torch.testing.assert_close(linear(embedding), model(batch))


def test_a_network_with_a_convolution_for_a_head(torchvision: ModuleType) -> None:
    model = torchvision.models.squeezenet1_1(num_classes=7).eval()
    batch = torch.rand(2, 3, 64, 64)
    embedding = run(model, None, batch)[0]
    torch.testing.assert_close(embedding, model.features(batch).mean(dim=(2, 3)).detach())
    assert torch.equal(run(model, "features", batch)[0], embedding)


@pytest.mark.parametrize("sides", [(32, 32), (24, 40)])
def test_maps_with_the_channels_last(torchvision: ModuleType, sides: tuple[int, int]) -> None:
    model = torchvision.models.SwinTransformer(**SWIN_OF_TORCHVISION, num_classes=7).eval()
    batch = torch.rand(2, 3, *sides)
    tokens = model.norm(model.features(batch)).detach()
    assert tokens.shape == (2, sides[0] // 8, sides[1] // 8, 24)
    pooled = tokens.mean(dim=(1, 2))
    torch.testing.assert_close(run(model, "norm", batch)[0], pooled)
    torch.testing.assert_close(run(model, "permute", batch)[0], pooled)


def test_something_behind_the_head_is_an_error() -> None:
    with pytest.raises(
        LayerError, match=r"(?s)softmax of what 'fc'.*fc: Linear \(2, 4\) -> \(2, 3\)"
    ):
        run(Scaled(), None, torch.rand(2, 4))


def test_probabilities_are_an_error_with_a_layer_too() -> None:
    with pytest.raises(LayerError, match="returns probabilities, not the logits"):
        run(Scaled(), "<fc", torch.rand(2, 4))


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("classifer", "no layer 'classifer'; it has"),
        ("<boddy", "it has body"),
        (nn.Linear(4, 3), "no part of the model"),
        (7, "not 7"),
    ],
)
def test_layers_that_are_not_there(layer: object, message: str) -> None:
    model = TwoHeads()
    with pytest.raises(LayerError, match=message):
        run(model, layer, torch.rand(2, 4))  # type: ignore[arg-type]
    assert hooks(model) == 0


def test_a_layer_that_does_not_run() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
    model[0].unused = nn.Linear(1, 1)
    with pytest.raises(LayerError, match=r"'0\.unused' did not run"):
        run(model, "0.unused", torch.rand(2, 4))


def test_a_layer_without_one_row_per_image() -> None:
    model = nn.Sequential(nn.Unflatten(1, (2, 2)), nn.Flatten(), nn.Linear(4, 3))
    with pytest.raises(LayerError, match=r"gives shape \(5, 2, 2\) for 5 images"):
        run(model, "0", torch.rand(5, 4))


def test_hooks_go_when_the_model_fails() -> None:
    model = small_cnn()
    with pytest.raises(RuntimeError), EmbeddingReader(model):
        model(torch.rand(1, 2, 6, 6))
    assert hooks(model) == 0


class Late(nn.Linear):
    """An interrupt comes just as it gets its hook."""

    def register_forward_hook(self, *arguments: Any, **options: Any) -> Any:
        super().register_forward_hook(*arguments, **options)
        raise KeyboardInterrupt


def test_hooks_go_when_an_interrupt_comes_while_they_are_set() -> None:
    model = nn.Sequential(nn.Flatten(), Late(4, 3))
    with pytest.raises(KeyboardInterrupt):
        EmbeddingReader(model).__enter__()
    assert hooks(model) == 0


def test_only_its_own_hooks_go() -> None:
    model = small_cnn()
    model[1].register_forward_hook(lambda *_: None)
    model[1].register_forward_pre_hook(lambda *_: None)
    with EmbeddingReader(model) as reader:
        reader.run(torch.rand(2, 1, 6, 6))
    assert hooks(model) == 2

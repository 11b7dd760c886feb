"""Models of libraries, as the tests run them and docs/models.md lists them.

``python tests/compute/embedding/model_cases.py`` writes the tables of that page anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

PAGE = Path(__file__).parents[3] / "docs" / "models.md"
CLASSES = 7


@dataclass(frozen=True)
class ModelCase:
    """A model with random weights and `CLASSES` classes.

    Attributes
    ----------
    name, library
        What the library calls it.
    layer
        Where the embedding is read, as `layer` names it: found by itself, or to be given.
    width
        Size of the embedding.
    signed
        Whether features are negative at times.
    note
        What the embedding is, or why the model has no one head.
    options
        For the library's constructor, or the configuration of transformers.
    size
        Height and width of the images.
    """

    name: str
    library: str
    layer: str
    width: int
    signed: bool
    note: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    size: int = 32

    def __str__(self) -> str:
        return f"{self.library} {self.name}"

    def model(self, library: Any) -> nn.Module:
        """Build the model; layers that start at zero, and would hide all others, do not."""
        torch.manual_seed(0)
        if self.library == "timm":
            model = library.create_model(self.name, num_classes=CLASSES, **self.options)
        elif self.library == "transformers":
            kind = self.name.partition("For")[0]
            config = getattr(library, f"{kind}Config")(num_labels=CLASSES, **self.options)
            model = getattr(library, self.name)(config)
        else:
            model = getattr(library.models, self.name)(num_classes=CLASSES, **self.options)
        for parameter in model.parameters():
            if parameter.ndim > 1 and not parameter.any():
                nn.init.normal_(parameter, std=0.02)
        assert isinstance(model, nn.Module)
        return model

    def row(self) -> str:
        signed = "yes" if self.signed else "no"
        cells = [self.name, self.library, f"`{self.layer}`", str(self.width), "yes", signed]
        return f"| {' | '.join([*cells, self.note])} |"


TOKEN = "class token behind a LayerNorm"
TOKENS = "average of the tokens, behind a LayerNorm"
MAPS = "average of the maps, behind a LayerNorm"
POINTWISE = "the head is a convolution of the average"
SMALL_TRANSFORMER = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "image_size": 32,
    "patch_size": 8,
}
VIT_OF_TORCHVISION = {
    "hidden_dim": 32,
    "num_layers": 2,
    "num_heads": 2,
    "mlp_dim": 64,
    "image_size": 32,
    "patch_size": 8,
}
SWIN_OF_TORCHVISION = {
    "embed_dim": 12,
    "depths": [1, 1],
    "num_heads": [2, 2],
    "patch_size": [4, 4],
    "window_size": [4, 4],
}
SMALL_STAGES = {"embedding_size": 8, "hidden_sizes": [16, 32], "depths": [1, 1]}
SMALL_SWIN = {"image_size": 32, "embed_dim": 12, "depths": [1, 1], "num_heads": [2, 2]}
PLAIN = {"init_weights": False}
AT_32 = {"img_size": 32}

ACCEPTED = [
    ModelCase("resnet18", "torchvision", "<fc", 512, False),
    ModelCase("regnet_x_400mf", "torchvision", "<fc", 400, False),
    ModelCase("densenet121", "torchvision", "<classifier", 1024, False),
    ModelCase("googlenet", "torchvision", "<fc", 1024, False, "", PLAIN),
    ModelCase("inception_v3", "torchvision", "<fc", 2048, False, "", PLAIN, size=80),
    ModelCase("shufflenet_v2_x0_5", "torchvision", "<fc", 1024, False),
    ModelCase("efficientnet_b0", "torchvision", "<classifier.1", 1280, True, "behind a SiLU"),
    ModelCase(
        "mobilenet_v3_small",
        "torchvision",
        "<classifier.3",
        1024,
        True,
        'hidden layer of the classifier; `layer="avgpool"` for the average of the maps',
    ),
    ModelCase(
        "vgg11",
        "torchvision",
        "<classifier.6",
        4096,
        False,
        'hidden layer of the classifier; `layer="features"` for the average of the maps',
        PLAIN,
    ),
    ModelCase(
        "squeezenet1_1",
        "torchvision",
        "<classifier.1",
        512,
        False,
        "the head is a convolution, with a ReLU and the average behind it",
    ),
    ModelCase("convnext_tiny", "torchvision", "<classifier.2", 768, True, MAPS),
    ModelCase("SwinTransformer", "torchvision", "<head", 24, True, TOKENS, SWIN_OF_TORCHVISION),
    ModelCase(
        "VisionTransformer", "torchvision", "<heads.head", 32, True, TOKEN, VIT_OF_TORCHVISION
    ),
    ModelCase("resnet10t", "timm", "<fc", 512, False),
    ModelCase("regnety_002", "timm", "<head.fc", 368, False),
    ModelCase("efficientnet_lite0", "timm", "<classifier", 1280, False),
    ModelCase("dla46_c", "timm", "<fc", 256, False, POINTWISE),
    ModelCase("mobilevit_xxs", "timm", "<head.fc", 320, True, "behind a SiLU"),
    ModelCase("convnext_atto", "timm", "<head.fc", 320, True, MAPS),
    ModelCase("mixer_s32_224", "timm", "<head", 512, True, TOKENS, AT_32),
    ModelCase("vit_tiny_patch16_224", "timm", "<head", 192, True, TOKEN, AT_32),
    ModelCase("eva02_tiny_patch14_224", "timm", "<head", 192, True, TOKENS, {"img_size": 28}, 28),
    ModelCase(
        "ResNetForImageClassification",
        "transformers",
        "<classifier.1",
        32,
        False,
        "",
        {**SMALL_STAGES, "layer_type": "basic"},
    ),
    ModelCase("MobileNetV2ForImageClassification", "transformers", "<classifier", 1280, False),
    ModelCase(
        "ConvNextForImageClassification",
        "transformers",
        "<classifier",
        32,
        True,
        MAPS,
        {"hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 1, 1]},
    ),
    ModelCase(
        "SwinForImageClassification",
        "transformers",
        "<classifier",
        24,
        True,
        TOKENS,
        {**SMALL_SWIN, "window_size": 4},
    ),
    ModelCase("SegformerForImageClassification", "transformers", "<classifier", 256, True, TOKENS),
    ModelCase(
        "ViTForImageClassification",
        "transformers",
        "<classifier",
        32,
        True,
        TOKEN,
        SMALL_TRANSFORMER,
    ),
    ModelCase(
        "Dinov2ForImageClassification",
        "transformers",
        "<classifier",
        64,
        True,
        "class token beside the average of the others",
        SMALL_TRANSFORMER,
    ),
]

# No layer gives their logits; with `layer`, they are accepted.
WITHOUT_HEAD = [
    ModelCase(
        "deit_tiny_distilled_patch16_224",
        "timm",
        "<head",
        192,
        True,
        "class token; the logits are an average of two heads, of two tokens",
        AT_32,
    ),
    ModelCase(
        "levit_128s",
        "timm",
        "<head",
        384,
        True,
        "average of the tokens; the logits are an average of two heads",
        {"img_size": 64},
        size=64,
    ),
    ModelCase(
        "DeiTForImageClassificationWithTeacher",
        "transformers",
        "<cls_classifier",
        32,
        True,
        "class token; the logits are an average of two heads, of two tokens",
        SMALL_TRANSFORMER,
    ),
]


def table(cases: Sequence[ModelCase]) -> str:
    """Return the rows of Markdown that docs/models.md has for some cases."""
    titles = ["Model", "Library", "Embedding read at", "Size", "Saliency", "Signed", "Note"]
    head = [f"| {' | '.join(titles)} |", "| --- | --- | --- | --: | --- | --- | --- |"]
    return "\n".join([*head, *(case.row() for case in cases)])


def with_tables(page: str) -> str:
    """Return docs/models.md with its tables, which stand between comments, as they should be."""
    for name, cases in (("accepted", ACCEPTED), ("without head", WITHOUT_HEAD)):
        start, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
        before, _, rest = page.partition(start)
        page = before + start + table(cases) + end + rest.partition(end)[2]
    return page


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text()))

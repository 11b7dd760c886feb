"""The arguments of an `Explorer`: what goes together, and the analysis that they ask for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, NamedTuple

from torch import nn

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.analysis.given_images import images_given
from imbxai_widgets.compute.embedding.network import KnownImages, Network
from imbxai_widgets.compute.embedding.options import Saliency
from imbxai_widgets.compute.reading.splits import SplitName
from imbxai_widgets.pipeline import AnalyzeOptions, AnalyzeSettings, analyze_with

# Options of `analyze` that tell how a model and its images are read.
_OF_READING: Final = ("layer", "device", "transform", "keys", "display_transform")


class Given(NamedTuple):
    """The arguments of an `Explorer`, told apart.

    Attributes
    ----------
    subject : torch.nn.Module or Analysis
        What is analyzed, or was before.
    model : torch.nn.Module or None
        The network; None where an analysis is given alone.
    dataset, validation, compare, options
        As for `Explorer`.
    """

    subject: nn.Module | Analysis
    model: nn.Module | None
    dataset: Any
    validation: Any
    compare: Any
    options: AnalyzeOptions


def check_arguments(
    source: Any, dataset: Any, model: Any, validation: Any, compare: Any, options: AnalyzeOptions
) -> Given:
    """Refuse arguments that do not go together, before any long work; tell them apart.

    Parameters
    ----------
    source, dataset, model, validation, compare
        As for `Explorer`.
    options
        Those of `analyze`.

    Raises
    ------
    TypeError
        If the dataset is missing, the model is none, `compare` is neither model nor analysis, an
        option is none of `analyze`'s, or arguments are given that an analysis leaves no use for.

    Examples
    --------
    >>> network = nn.Linear(2, 2)
    >>> check_arguments(network, [], None, None, None, {"k": 3}).model is network
    True
    """
    if compare is not None and not isinstance(compare, nn.Module | Analysis):
        raise TypeError(f"compare must be a model or an Analysis, not {type(compare).__name__}.")
    unknown = [name for name in options if name not in AnalyzeOptions.__annotations__]
    if unknown:
        raise TypeError(f"Explorer() and analyze() have no option {', '.join(unknown)}.")
    if isinstance(source, Analysis):
        _check_with_analysis(dataset, model, validation, compare, options)
        return Given(source, model, dataset, validation, compare, options)
    if source is not None and model is not None:
        raise TypeError("Explorer() takes one model: the first argument, or model=, but not both.")
    network: nn.Module = model if source is None else source
    if dataset is None:
        raise TypeError(
            "Explorer(model, dataset) needs the training images as `dataset`; "
            "alone it takes an Analysis."
        )
    return Given(network, network, dataset, validation, compare, options)


def _check_with_analysis(
    dataset: Any, model: Any, validation: Any, compare: Any, options: AnalyzeOptions
) -> None:
    given = {"dataset": dataset, "validation": validation, **options}
    usable = () if model is None else ("dataset", "validation", *_OF_READING)
    unused = [name for name, value in given.items() if value is not None and name not in usable]
    if unused and model is None:
        raise TypeError(
            f"Explorer(analysis) takes nothing else but `compare` and `model`, but got "
            f"{', '.join(unused)}; such options belong to analyze(), and images go with model=."
        )
    if unused:
        raise TypeError(
            "Explorer(analysis, model=...) takes the images and how they are read, but got "
            f"{', '.join(unused)}; such options belong to analyze()."
        )
    if model is not None and not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, not {type(model).__name__}.")
    if isinstance(compare, nn.Module):
        raise TypeError(
            "Explorer(analysis, compare=...) takes another Analysis, not a model; "
            "analyze() makes one of the model and the same images."
        )


def analysis_of(
    model: nn.Module | Analysis,
    dataset: Any,
    validation: Any,
    options: AnalyzeOptions,
    side: str = "",
) -> Analysis:
    """Analyze a model, unless it is an analysis.

    Parameters
    ----------
    model, dataset, validation
        As for `Explorer`.
    options
        Those of `analyze`.
    side
        Which of two models it is, for the titles of the progress bars.
    """
    if isinstance(model, Analysis):
        return model
    # The panels show images, also where no colors are counted, which would check that they can.
    settings = AnalyzeSettings(**options)
    return analyze_with(model, dataset, validation, settings, title=side, shown=True)


def with_images(analysis: Analysis, given: Given) -> Analysis:
    """Return an analysis with the images that were given with it, if any.

    Raises
    ------
    ValueError
        If they are not those that were analyzed.
    """
    told = given.options
    splits: list[tuple[SplitName, Any]] = [
        ("training", given.dataset),
        ("validation", given.validation),
    ]
    for name, dataset in splits:
        if dataset is None:
            continue
        if name == "validation" and analysis.validation is None:
            raise ValueError("validation was given, but the analysis has no validation images")
        split = analysis.split(name)
        images = images_given(
            split,
            dataset,
            "dataset" if name == "training" else name,
            class_names=analysis.class_names,
            as_tensors=True,
            transform=told.get("transform"),
            keys=told.get("keys"),
            display_transform=told.get("display_transform"),
        )
        with_them = replace(split, images=images)
        if name == "training":
            analysis = replace(analysis, train=with_them)
        else:
            analysis = replace(analysis, validation=with_them)
    return analysis


def network_of(analysis: Analysis, given: Given) -> Network | None:
    """Return the model that was analyzed, with its images; None where it is not given.

    Parameters
    ----------
    analysis
        What was made of the model, or given with it; its images are those of the network.
    given
        The arguments of the Explorer.

    Raises
    ------
    ValueError
        If a model is given with an analysis, and the images of neither split.
    """
    if given.model is None:
        return None
    splits = {
        name: KnownImages(
            split.images.dataset, split.labels, split.top, given.options.get("display_transform")
        )
        for name, split in (("training", analysis.train), ("validation", analysis.validation))
        if split is not None and split.images is not None
    }
    if given.subject is not given.model and not splits:
        raise ValueError(
            "Explorer(analysis, model=...) can show nothing more, for the analysis has no images: "
            "give dataset= (and validation=), the images that were analyzed"
        )
    return Network(
        given.model,
        splits,
        layer=given.options.get("layer"),
        device=given.options.get("device"),
        saliency=Saliency.of(analysis.salient_fraction, analysis.color_scheme.name),
    )

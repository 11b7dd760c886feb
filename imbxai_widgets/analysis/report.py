"""`Report`: what is found of each class, to be sent to somebody, as Markdown and as HTML."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from imbxai_widgets.analysis._diagnose import DiagnosisTables
from imbxai_widgets.analysis._report_pages import ClassPage, class_pages
from imbxai_widgets.analysis.bars import BarTables
from imbxai_widgets.analysis.diagnosis import Diagnosis
from imbxai_widgets.compute.reading.splits import SPLITS
from imbxai_widgets.files import replacing

_TITLE: Final = "Why classes fail"
_MARKDOWN: Final = str.maketrans({each: f"\\{each}" for each in "\\`*_[]<>#|~&"})
_KINDS: Final = {".md": "markdown", ".html": "html"}


@dataclass(frozen=True, eq=False)
class Report:
    """A page a class: how it fares, what it is taken for, why, and what to do about it.

    Made by `Analysis.report`.

    Attributes
    ----------
    pages : tuple of ClassPage
        The class with the lowest accuracy first.
    basis : str
        On what it rests.
    notes : tuple of str
        What concerns all classes.

    Examples
    --------
    >>> Report(pages=(), basis="2 classes", notes=()).markdown().splitlines()[:3]
    ['# Why classes fail', '', '2 classes']
    """

    pages: tuple[ClassPage, ...]
    basis: str
    notes: tuple[str, ...]

    def markdown(self) -> str:
        r"""Return it as Markdown, without images; these are named by their numbers and files.

        Examples
        --------
        >>> Report((), "a_b", ()).markdown().splitlines()[2]
        'a\\_b'
        """
        return self._text("report.md.j2")

    def html(self) -> str:
        """Return it as one HTML page, which fetches nothing: images stand in it.

        Examples
        --------
        >>> Report((), "", ()).html().startswith("<!doctype html>")
        True
        """
        return self._text("report.html.j2")

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it to a file, whole or not at all.

        Parameters
        ----------
        path : path
            It ends in ``.md`` or ``.html``, which says how. A file that is there is replaced.

        Returns
        -------
        Path

        Raises
        ------
        ValueError
            If it ends in something else.
        OSError
            If it cannot be written.

        Examples
        --------
        >>> Report((), "", ()).save("report.html").name
        'report.html'
        """
        target = Path(path)
        kind = _KINDS.get(target.suffix.lower())
        if kind is None:
            raise ValueError(f"path must end in .md or .html, and {target.name!r} does not.")
        text = self.markdown() if kind == "markdown" else self.html()
        with replacing(target) as file:
            file.write(text.encode("utf-8"))
        return target

    def _text(self, template: str) -> str:
        return _templates().get_template(template).render(title=_TITLE, report=self)


class ReportTables(BarTables, DiagnosisTables):
    """What is found of all classes, on pages."""

    def report(self, diagnosis: Diagnosis | None = None) -> Report:
        """Put what is found of each class on a page, to be sent to somebody.

        Parameters
        ----------
        diagnosis : Diagnosis, optional
            What `diagnose` returned, with the model where regions of images were to be tested; by
            default ``diagnose()``.

        Returns
        -------
        Report

        Raises
        ------
        ValueError
            As `diagnose` does, or if the diagnosis is of other classes.

        Examples
        --------
        >>> report = analysis.report(analysis.diagnose())
        >>> [page.name for page in report.pages][:2]
        ['Clothing', 'Plants']
        """
        found = self.diagnose() if diagnosis is None else diagnosis
        names = tuple(one.class_name for one in found.classes)
        if names != tuple(self.class_names):
            raise ValueError("diagnosis is of other classes than this analysis.")
        images = [f"{len(self.split(name)):,} {name} images" for name in SPLITS]
        basis = f"{', '.join(images)}, {self.n_classes:,} classes."
        return Report(class_pages(self, found), basis, found.notes)


def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("imbxai_widgets.analysis"),
        # Names of classes and files are whatever they are; in Markdown each is escaped by itself.
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["md"] = _escaped
    return environment


def _escaped(value: Any) -> str:
    r"""Return text as Markdown that shows it as it is.

    >>> _escaped("<b>a_b</b>|c")
    '\\<b\\>a\\_b\\</b\\>\\|c'
    """
    return " ".join(str(value).split()).translate(_MARKDOWN)

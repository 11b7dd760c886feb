"""How Sphinx builds the documentation; `make docs` writes it to build/docs."""

from __future__ import annotations

import inspect
from typing import Any

from sphinx.application import Sphinx
from sphinx.util.inspect import stringify_signature

from imbxai_widgets import __version__

project = "imbxai_widgets"
author = "imbxai_widgets contributors"
copyright = author  # the name that Sphinx reads
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
myst_heading_anchors = 3

# Docstrings have names of code between single backticks; those documented here become links.
default_role = "py:obj"
numpydoc_show_class_members = False  # autodoc lists them
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
autodoc_preserve_defaults = True
autodoc_typehints = "none"  # docstrings tell types, with shapes and units
python_maximum_signature_line_length = 88
add_module_names = False
toc_object_entries_show_parents = "hide"

# All that a page needs is in its folder: nothing is fetched, neither built nor read.
html_theme = "furo"
html_title = f"imbxai_widgets {__version__}"
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False


def signature_of_widget(
    _app: Sphinx, what: str, _name: str, thing: Any, _options: Any, signature: str, _returns: str
) -> tuple[str, str] | None:
    """Give a widget's own arguments: its base classes hide them behind ``*args, **kwargs``."""
    if what != "class" or signature != "(*args, **kwargs)":
        return None
    own = inspect.signature(thing.__init__)
    _, *parameters = own.parameters.values()
    own = own.replace(parameters=parameters, return_annotation=own.empty)
    return stringify_signature(own, show_annotation=False), ""


def setup(app: Sphinx) -> None:
    """Register the hook; Sphinx calls this."""
    app.connect("autodoc-process-signature", signature_of_widget)

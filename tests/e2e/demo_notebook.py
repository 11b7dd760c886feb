"""The notebook of the embedded images, whose kernel serves the tests of many files."""

from __future__ import annotations

# Its kernel goes on after a file, with what was computed: tests leave what ANALYSIS made as it is.
DEMO = "demo.ipynb"
ANALYSIS = """
from imbxai_widgets import Explorer, analyze
from imbxai_widgets.demo import load_demo

if "analysis" not in globals():
    model, train, validation = load_demo()
    analysis = analyze(model, train, validation=validation, progress=False)
"""
SHOW = "explorer = Explorer(analysis)\nexplorer.selected_class = 'Plants'\nexplorer"

"""The table of faults names tests that exist."""

from __future__ import annotations

import ast
import re

from environments import ROOT


def test_every_fault_of_the_table_has_its_test() -> None:
    text = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    faults = text.partition("\n## ")[0]  # another table follows
    rows = [line for line in faults.splitlines() if line.startswith("|")][2:]
    assert len(rows) > 20
    for row in rows:
        match = re.search(r"`(tests/[\w/]+\.py)::(test_\w+)` \|$", row)
        assert match, f"no test in {row!r}"
        path, name = match.groups()
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
        assert name in defined, f"{path} has no {name}"

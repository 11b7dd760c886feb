"""The panel that docs/architecture.md adds works, by the five files that it shows and no more."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from environments import ROOT

PAGE = ROOT / "docs" / "architecture.md"
REGISTRY = "imbxai_widgets/explorer/panels/__init__.py"
BLOCK = re.compile(r"^```(?:python|ts)\n(?:#|//) (\S+/\S+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def copy_of_the_repository(folder: Path) -> None:
    """Copy what is built and tested of a panel; the packages of npm as hard links."""
    unwanted = shutil.ignore_patterns("node_modules", "__pycache__", "static")
    for name in ("imbxai_widgets", "js"):
        shutil.copytree(ROOT / name, folder / name, ignore=unwanted)
    modules = Path("js", "node_modules")
    shutil.copytree(ROOT / modules, folder / modules, symlinks=True, copy_function=linked)
    shutil.copytree(ROOT / "tests" / "explorer", folder / "tests" / "explorer", ignore=unwanted)
    for name in ("small_analysis.py", "hostile_names.py", "remedy_cases.py", "decision_cases.py"):
        shutil.copy(ROOT / "tests" / name, folder / "tests" / name)
    shutil.copy(ROOT / "pyproject.toml", folder)


def linked(source: str, target: str) -> None:
    """Link a file, or copy it to another disk."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy(source, target)


def register(path: Path, lines: str) -> None:
    """Put the import and the entry of a panel into the registry, the entry last."""
    statement, entry = lines.strip("\n").split("\n\n")
    text = path.read_text(encoding="utf-8")
    first = text.index("from imbxai_widgets.explorer.panels.overlap")
    head, tail = text[:first], text[first:]
    end = tail.rindex(")")
    path.write_text(f"{head}{statement}\n{tail[:end]}{entry}\n)\n", encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with the panel of the page."""
    folder = tmp_path_factory.mktemp("repository")
    copy_of_the_repository(folder)
    blocks = dict(BLOCK.findall(PAGE.read_text(encoding="utf-8")))
    assert len(blocks) == 5
    register(folder / REGISTRY, blocks.pop(REGISTRY))
    for name, source in blocks.items():
        path = folder / name
        assert not path.exists()
        assert path.parent.is_dir()
        path.write_text(source, encoding="utf-8")
    return folder


def check(folder: Path, *command: str, cwd: str = ".") -> None:
    environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{folder / 'tests'}"}
    done = subprocess.run(
        command, cwd=folder / cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"


def test_the_added_panel_is_built_typed_and_shown(folder: Path) -> None:
    modules = folder / "js" / "node_modules" / ".bin"
    if not modules.is_dir():
        pytest.skip(
            "the packages of npm are not installed: make js/node_modules/.package-lock.json"
        )
    check(folder, "node", "build.mjs", cwd="js")
    assert (folder / "imbxai_widgets" / "static" / "notes.js").stat().st_size > 500
    check(folder, sys.executable, "tests/explorer/contract.py")
    assert '"notes": "' in (folder / "js" / "test" / "contract.ts").read_text(encoding="utf-8")
    check(folder, str(modules / "tsc"), "--noEmit", cwd="js")
    check(folder, str(modules / "vitest"), "run", "test/notes.test.ts", cwd="js")


def test_the_added_panel_passes_the_tests_of_all_panels(folder: Path) -> None:
    tests = ("test_notes.py", "test_panels.py", "test_explorer.py", "test_contract.py")
    paths = [f"tests/explorer/{name}" for name in tests]
    check(folder, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *paths)


def test_the_added_panel_keeps_the_style(folder: Path) -> None:
    for name in ("imbxai_widgets/explorer/panels", "tests/explorer/test_notes.py"):
        check(folder, sys.executable, "-m", "ruff", "check", "--no-cache", name)

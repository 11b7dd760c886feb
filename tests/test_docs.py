"""What the pages say of the package is so; `make docs` builds them without warnings."""

from __future__ import annotations

import importlib
import pkgutil
import re
import tomllib
from typing import Any

import pytest
import yaml
from environments import ROOT

import imbxai_widgets
from imbxai_widgets import __version__

DIRECTIVE = re.compile(r"^\.\. auto(module|class|function):: ([\w.]+)$", re.MULTILINE)
PACKAGES = ["imbxai_widgets"] + [
    module.name
    for module in pkgutil.walk_packages(imbxai_widgets.__path__, "imbxai_widgets.")
    if module.ispkg and not module.name.rpartition(".")[2].startswith("_")
]


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def documented() -> list[Any]:
    """All that the pages of the reference list, by name or with all of its module."""
    found = []
    for page in sorted((ROOT / "docs" / "api").glob("*.md")):
        for kind, path in DIRECTIVE.findall(page.read_text(encoding="utf-8")):
            if kind == "module":
                module = importlib.import_module(path)
                found += [getattr(module, name) for name in getattr(module, "__all__", ())]
            else:
                module, _, name = path.rpartition(".")
                found.append(getattr(importlib.import_module(module), name))
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_the_reference_lists_all_that_is_public(package: str) -> None:
    listed = {id(thing) for thing in documented()}
    module = importlib.import_module(package)
    public = {name: getattr(module, name) for name in getattr(module, "__all__", ())}
    missing = [
        name for name, thing in public.items() if callable(thing) and id(thing) not in listed
    ]
    assert missing == []


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_paths_that_a_page_names_are_there(page: str) -> None:
    prose = re.sub(r"^```.*?^```$", "", read(page), flags=re.DOTALL | re.MULTILINE)
    named = re.findall(r"(?:^|[`\s])((?:tests|docs|js|imbxai_widgets)/[\w/.*]*\w)", prose)
    assert len(named) >= 2
    assert [path for path in named if not list(ROOT.glob(path))] == []


def test_the_rooms_of_the_architecture_are_those_of_the_package() -> None:
    table = re.findall(r"^\| (`.*?) \|", read("docs/architecture.md"), re.MULTILINE)
    named = {name for cell in table for name in re.findall(r"`([\w/.]+)`", cell)}
    package = ROOT / "imbxai_widgets"
    rooms = {path.parent for path in package.rglob("__init__.py")} - {
        package,
        package / "compute",  # the rooms within it are listed
        package / "explorer" / "panels",
    }
    files = {path for path in package.glob("*.py") if path.stem != "__init__"}
    assert named == {path.relative_to(package).as_posix() for path in rooms | files}


def test_the_makers_are_named_alike() -> None:
    project = tomllib.loads(read("pyproject.toml"))["project"]
    citation = yaml.safe_load(read("CITATION.cff"))
    assert citation["authors"] == project["authors"]
    assert citation["title"] == project["name"]
    assert citation["license"] == "MIT"
    preprint = citation["references"][0]
    assert preprint["title"] == "Interpretable ML for Imbalanced Data"
    names = [f"{author['given-names']} {author['family-names']}" for author in preprint["authors"]]
    assert names == [
        "Damien A. Dablain",
        "Colin Bellinger",
        "Bartosz Krawczyk",
        "David W. Aha",
        "Nitesh V. Chawla",
    ]


def test_the_changelog_knows_the_version() -> None:
    headings = re.findall(r"^## (.*)$", read("CHANGELOG.md"), re.MULTILINE)
    assert any(__version__ in heading for heading in headings)

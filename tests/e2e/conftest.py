"""JupyterLab and Chromium for the browser tests: one of each per process that runs tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import chromium
import pytest
from demo_notebook import DEMO
from lab import Lab, serve
from notebook_page import NotebookPage
from pages import Pages
from playwright.sync_api import Browser, BrowserContext, sync_playwright

ARGUMENTS = [
    "--no-sandbox",  # containers
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
VIEWPORT = {"width": 1440, "height": 1000}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder: they need a browser and take their time."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = chromium.find()
    if executable is None:
        pytest.fail(chromium.HELP)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with serve(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One profile for all pages of JupyterLab: its scripts are fetched and compiled once."""
    context = browser.new_context(viewport=VIEWPORT)
    yield context
    context.close()


@pytest.fixture(scope="session")
def pages(context: BrowserContext, lab: Lab) -> Pages:
    return Pages(context, lab)


@pytest.fixture(scope="module")
def kernels(lab: Lab) -> Iterator[None]:
    """Those of a file's notebooks, which end with it, but that of the demo."""
    yield
    lab.end_kernels(but=DEMO)


@pytest.fixture
def notebook(
    request: pytest.FixtureRequest,
    pages: Pages,
    kernels: None,  # noqa: ARG001
) -> Iterator[NotebookPage]:
    """A notebook in the page that tests share."""
    with pages.shared(request.session) as notebook:
        yield notebook


@pytest.fixture
def fresh_notebook(
    pages: Pages,
    kernels: None,  # noqa: ARG001
) -> Iterator[NotebookPage]:
    """A notebook in a page of its own: for tests of what happens when a page is loaded."""
    with pages.fresh() as notebook:
        yield notebook

"""JupyterLab and Chromium for the browser tests: one of each per process that runs tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import chromium
import pytest
from lab import Lab, serve
from notebook_page import NotebookPage
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from watch import Watch

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
def kept(context: BrowserContext) -> list[Page]:  # noqa: ARG001
    """The page that a test has left at rest, if any; it goes with the context."""
    return []


@pytest.fixture(scope="module")
def kernels(lab: Lab) -> Iterator[None]:
    """Those of a file's notebooks, which end with it: each has PyTorch and an analysis."""
    yield
    lab.end_kernels()


@pytest.fixture
def notebook(
    request: pytest.FixtureRequest,
    context: BrowserContext,
    lab: Lab,
    kept: list[Page],
    kernels: None,  # noqa: ARG001
) -> Iterator[NotebookPage]:
    """A page for one notebook; the test fails if the page logs an error or leaves the machine.

    Loading JupyterLab takes longer than most tests, so they share a page of it: each
    shuts its notebook and leaves the page to the next. After a test that failed it is closed.
    """
    failed = request.session.testsfailed
    page = kept.pop() if kept else context.new_page()
    watch = Watch(page, urlsplit(lab.url).netloc)
    notebook = NotebookPage(page, lab, watch)
    yield notebook
    passed = request.session.testsfailed == failed and not watch.faults
    try:
        watch.check()
    finally:
        # Errors that come of the shutting are JupyterLab's, not the test's: the page then goes.
        if passed and notebook.leave() and not watch.faults:
            kept.append(page)
        else:
            page.close()
        watch.end()


@pytest.fixture
def fresh_notebook(
    context: BrowserContext,
    lab: Lab,
    kernels: None,  # noqa: ARG001
) -> Iterator[NotebookPage]:
    """The same, in a page of its own: for tests of what happens when a page is loaded."""
    page = context.new_page()
    watch = Watch(page, urlsplit(lab.url).netloc)
    yield NotebookPage(page, lab, watch)
    page.close()
    watch.check()

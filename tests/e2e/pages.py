"""Pages of JupyterLab: one that tests hand on, and fresh ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from lab import Lab
from notebook_page import NotebookPage
from playwright.sync_api import BrowserContext, Page
from watch import Watch


class Pages:
    """Pages in one profile of the browser.

    Loading JupyterLab takes longer than most tests, so they share a page of it: each shuts its
    notebook and leaves the page to the next. A test fails if its page logs an error or leaves the
    machine.
    """

    def __init__(
        self, context: BrowserContext, lab: Lab, *, beside_files: bool = False, script: str = ""
    ) -> None:
        self._context = context
        self._lab = lab
        self._beside_files = beside_files
        self._script = script  # which runs before all others of each page
        self._kept: Page | None = None  # that which a test has left at rest

    @contextmanager
    def shared(self, session: pytest.Session) -> Iterator[NotebookPage]:
        """Lend the page for one notebook; after a test that failed, it and all kernels go."""
        failed, kept = session.testsfailed, False
        page, self._kept = self._kept or self._new(), None
        size, notebook = page.viewport_size, self._notebook(page)
        yield notebook
        passed = session.testsfailed == failed
        try:
            if passed:
                notebook.close_widgets()
            notebook.watch.check()
            # Errors that come of the shutting are JupyterLab's, not the test's: the page then goes.
            kept = passed and notebook.leave() and not notebook.watch.faults
        finally:
            notebook.watch.end()
            if kept and size:
                page.set_viewport_size(size)
                self._kept = page
            else:
                page.close()
                self._lab.end_kernels()

    @contextmanager
    def fresh(self) -> Iterator[NotebookPage]:
        """Open a page that is loaded for this notebook alone."""
        page = self._new()
        notebook = self._notebook(page)
        yield notebook
        page.close()
        notebook.watch.check()

    def close(self) -> None:
        """Close the page that the last test has left."""
        if self._kept:
            self._kept.close()

    def _new(self) -> Page:
        page = self._context.new_page()
        if self._script:
            page.add_init_script(self._script)
        return page

    def _notebook(self, page: Page) -> NotebookPage:
        watch = Watch(page, urlsplit(self._lab.url).netloc)
        return NotebookPage(page, self._lab, watch, beside_files=self._beside_files)

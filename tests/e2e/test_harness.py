"""The harness itself: a widget in JupyterLab, and that faults of a page do fail a test."""

from __future__ import annotations

from typing import Any

import pytest
from notebook_page import NotebookPage
from playwright.sync_api import BrowserContext, expect
from watch import Watch

COUNTER = '''
import anywidget, traitlets

class Counter(anywidget.AnyWidget):
    _esm = """export default { render({ model, el }) {
      const button = document.createElement("button");
      button.className = "counter";
      const draw = () => { button.textContent = String(model.get("count")); };
      button.onclick = () => { model.set("count", model.get("count") + 1); model.save_changes(); };
      model.on("change:count", draw);
      draw();
      el.append(button);
    } }"""
    count = traitlets.Int(3).tag(sync=True)

counter = Counter()
counter
'''


def test_a_widget_speaks_with_its_kernel_both_ways(notebook: NotebookPage) -> None:
    notebook.open("harness.ipynb", [COUNTER])
    button = notebook.page.locator("button.counter")
    expect(button).to_have_text("3")
    button.click()
    notebook.wait_for_value("counter.count", 4)
    notebook.run("counter.count = 10")
    expect(button).to_have_text("10")


@pytest.mark.parametrize(
    ("fault", "event", "noticed"),
    [
        ("console.error('drawing failed')", "console", "drawing failed"),
        ("setTimeout(() => { throw new Error('thrown') })", "pageerror", "thrown"),
        ("Promise.reject(new Error('rejected'))", "pageerror", "rejected"),
        ("setTimeout(() => alert('boo'))", "dialog", "boo"),
        ("fetch('https://example.org/').catch(() => {})", "request", "example.org"),
        ("new Image().src = 'http://example.org/pixel.gif'", "request", "example.org"),
        ("navigator.sendBeacon('https://example.org/', 'x')", "request", "example.org"),
        ("new WebSocket('wss://example.org/')", "websocket", "example.org"),
        (
            "document.head.innerHTML = '<style>@import url(https://example.org/a.css)</style>'",
            "request",
            "example.org",
        ),
        (
            "new Worker(URL.createObjectURL(new Blob([`fetch('https://example.org/')`])))",
            "request",
            "example.org",
        ),
    ],
)
def test_a_fault_of_a_page_is_noticed(
    context: BrowserContext, fault: str, event: Any, noticed: str
) -> None:
    page = context.new_page()
    watch = Watch(page, allowed_host=None)
    with page.expect_event(event, lambda found: noticed in getattr(found, "url", noticed)):
        page.evaluate(f"() => {{ {fault} }}")
    with pytest.raises(AssertionError, match=noticed):
        watch.check()
    page.close()


def test_a_failing_cell_fails_the_test(notebook: NotebookPage) -> None:
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        notebook.open("failing.ipynb", ["1 / 0"])

"""Collects what a page must not do: log errors, throw, open dialogs, or leave the machine."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Dialog, Error, Page

# Noise of JupyterLab itself, each with its reason.
ALLOWED: tuple[str, ...] = ()


class Watch:
    """The faults of one page so far; `check` raises them."""

    def __init__(
        self, page: Page, allowed_host: str | None, allowed: tuple[str, ...] = ALLOWED
    ) -> None:
        self._allowed_host = allowed_host
        self._allowed = allowed
        self._faults: list[str] = []
        self.requests: list[str] = []
        self._page = page
        self._listeners: dict[Any, Any] = {
            "console": self._on_console,
            "pageerror": self._on_error,
            "dialog": self._on_dialog,
            "request": lambda request: self._on_request(request.url),
            "websocket": lambda socket: self._on_request(socket.url),
        }
        for event, listener in self._listeners.items():
            page.on(event, listener)

    def end(self) -> None:
        """Watch no longer; the page goes on."""
        for event, listener in self._listeners.items():
            self._page.remove_listener(event, listener)

    def forgive(self, known: str) -> None:
        """Drop faults of these words, also those to come, of JupyterLab; the test says why."""
        self._allowed = (*self._allowed, known)
        self._faults = [fault for fault in self._faults if known not in fault]

    @property
    def faults(self) -> tuple[str, ...]:
        """What the page did wrong since the last check."""
        return tuple(self._faults)

    def check(self) -> None:
        """Fail if the page did anything wrong since the last check."""
        faults, self._faults = self._faults, []
        assert not faults, "the page had errors:\n" + "\n".join(faults)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(known in message.text for known in self._allowed):
            self._faults.append(f"console error: {message.text} ({message.location.get('url')})")

    def _on_error(self, error: Error) -> None:
        if not any(known in str(error) for known in self._allowed):
            self._faults.append(f"uncaught: {error}\n{error.stack}")

    def _on_dialog(self, dialog: Dialog) -> None:
        self._faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _on_request(self, url: str) -> None:
        self.requests.append(url)
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self._allowed_host:
            self._faults.append(f"request off the machine: {url}")

"""Find Chromium for the browser tests; as a script, install it where it is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HELP = (
    "The browser tests need Chromium. Install it with one of:\n"
    "  Debian, Ubuntu:  sudo apt-get install chromium\n"
    "  Fedora:          sudo dnf install chromium\n"
    "  anywhere:        python -m playwright install --with-deps chromium"
)


def find() -> str | None:
    """Return the path of the system's Chromium, else of Playwright's own, else None."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if os.path.exists(path) else None


def install() -> None:
    """Try the system's packages where allowed, then Playwright's download."""
    attempts = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if shutil.which("apt-get") and os.geteuid() == 0:
        apt = "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium"
        attempts.insert(0, ["sh", "-c", apt])
    for command in attempts:
        print("Installing Chromium:", *command, flush=True)
        if subprocess.run(command, stdout=subprocess.DEVNULL).returncode == 0 and find():
            return


if __name__ == "__main__":
    if find() is None:
        install()
    if (found := find()) is None:
        sys.exit(HELP)
    print("Chromium:", found)

"""What axe-core finds wrong with a page for readers who do not see it, or not well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).parents[2] / "js" / "node_modules" / "axe-core" / "axe.min.js"
WORST = ("critical", "serious")

# JupyterLab's body has no height of its own, for which axe takes all text in it to be unseen.
_RUN = """async (within) => {
  document.body.style.minHeight = "100vh";
  const found = await axe.run({ include: [within] });
  document.body.style.minHeight = "";
  return {
    texts: found.passes.find(({ id }) => id === "color-contrast")?.nodes.length ?? 0,
    violations: found.violations.map(({ id, impact, nodes }) => ({
      id, impact, at: nodes.map(({ target, failureSummary }) => `${target}: ${failureSummary}`),
    })),
  };
}"""


def check_accessibility(page: Page, within: str = ".imbxai-explorer", texts: int = 30) -> None:
    """Check that axe-core finds nothing critical or serious, and that it looks at the text."""
    if not page.evaluate("() => 'axe' in window"):
        page.add_script_tag(content=AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate(_RUN, within)
    assert found["texts"] > texts, "axe has looked at the contrast of hardly any text"
    worst = [each for each in found["violations"] if each["impact"] in WORST]
    assert not worst, "\n".join(f"{each['id']}: {line}" for each in worst for line in each["at"])

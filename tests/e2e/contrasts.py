"""Whether texts stand out from what is behind them, by WCAG 2."""

from __future__ import annotations

from playwright.sync_api import Locator

LEAST = 4.5  # level AA

# Contrast by WCAG 2; of SVG text, the fill is its color.
_CONTRASTS = """(root) => {
  const parse = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = (rgb) => rgb.slice(0, 3)
    .map((value) => value / 255)
    .map((value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const style = getComputedStyle(element);
    const text = walker.currentNode.textContent.trim();
    if (!text || !element.checkVisibility() || element.closest("[disabled], option")) continue;
    const own = parse(element instanceof SVGElement ? style.fill : style.color);
    const [low, high] = [luminance(own), luminance(behind(element))].sort((a, b) => a - b);
    found.push([`${element.tagName}.${element.classList[0] ?? ""}: ${text}`,
                Math.round(((high + 0.05) / (low + 0.05)) * 100) / 100]);
  }
  return found;
}"""


def check_contrasts(root: Locator) -> None:
    """Check every text that is shown."""
    faint = {text: ratio for text, ratio in root.evaluate(_CONTRASTS) if ratio < LEAST}
    assert not faint, "texts with less contrast than WCAG AA asks for"

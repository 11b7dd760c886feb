"""Whether texts stand out from what is behind them, by WCAG 2."""

from __future__ import annotations

from playwright.sync_api import Locator

LEAST = 4.5  # level AA

# Contrast by WCAG 2; of SVG text, the fill is its color.
_CONTRASTS = """(root) => {
  // Whatever notation a color is written in, a canvas knows its red, green, blue and alpha.
  const context = Object.assign(document.createElement("canvas"), { width: 1, height: 1 })
    .getContext("2d", { willReadFrequently: true });
  const parse = (color) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
  };
  const over = (top, below) => [0, 1, 2].map(
    (i) => top[i] * top[3] / 255 + below[i] * (1 - top[3] / 255));
  const luminance = (rgb) => rgb
    .map((value) => value / 255)
    .map((value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    if (!element) return [255, 255, 255];
    const color = parse(getComputedStyle(element).backgroundColor);
    return color[3] === 255 ? color.slice(0, 3) : over(color, behind(element.parentElement));
  };
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const style = getComputedStyle(element);
    const text = walker.currentNode.textContent.trim();
    if (!text || !element.checkVisibility() || element.closest("[disabled], option")) continue;
    const ground = behind(element);
    const own = over(parse(element instanceof SVGElement ? style.fill : style.color), ground);
    const [low, high] = [luminance(own), luminance(ground)].sort((a, b) => a - b);
    found.push([`${element.tagName}.${element.classList[0] ?? ""}: ${text}`,
                Math.round(((high + 0.05) / (low + 0.05)) * 100) / 100]);
  }
  return found;
}"""


def check_contrasts(root: Locator) -> None:
    """Check every text that is shown."""
    faint = {text: ratio for text, ratio in root.evaluate(_CONTRASTS) if ratio < LEAST}
    assert not faint, "texts with less contrast than WCAG AA asks for"

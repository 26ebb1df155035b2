"""Every visible text of a page against what is really behind it, by the rules of WCAG 2.2 AA."""

from __future__ import annotations

from dataclasses import dataclass

from tests.browser.chromium import Page

_MEASURE = r"""
(() => {
  const parts = (colour) => {
    const found = colour.match(/[\d.]+/g)?.map(Number) ?? [0, 0, 0, 0];
    return { rgb: found.slice(0, 3), alpha: found[3] ?? 1 };
  };
  const over = (top, below) => top.rgb.map((c, i) => c * top.alpha + below[i] * (1 - top.alpha));
  const light = (rgb) => {
    const [r, g, b] = rgb.map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
  const paint = (element) => {
    const style = getComputedStyle(element);
    if (element instanceof SVGElement && element.tagName !== "svg")
      return ["text", "line"].includes(element.tagName) || style.fill === "none" ? null : parts(style.fill);
    return parts(style.backgroundColor);
  };
  const behind = (element, x, y) => {
    const stack = document.elementsFromPoint(x, y);
    const at = stack.indexOf(element);
    const layers = [];
    for (const layer of at < 0 ? stack : stack.slice(at)) {
      const found = paint(layer);
      if (!found || !found.alpha) continue;
      layers.push(found);
      if (found.alpha === 1) break;
    }
    return layers.reduceRight((below, layer) => over(layer, below), [255, 255, 255]);
  };
  for (const fold of document.querySelectorAll("details")) fold.open = true;
  const poor = [];
  let seen = 0;
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || element.closest("title, desc, script, style, option, .unseen, .skip")) continue;
    if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = [...range.getClientRects()].find((rect) => rect.width > 2 && rect.height > 2);
    if (!box) continue;
    const style = getComputedStyle(element);
    const inSvg = element instanceof SVGElement;
    const back = behind(element, box.x + box.width / 2, box.y + box.height / 2);
    const front = over(parts(inSvg ? style.fill : style.color), back);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    seen += 1;
    const found = ratio(front, back);
    if (found < least) poor.push(`${node.data.trim().slice(0, 40)}: ${found.toFixed(2)} of ${least}, ${front} on ${back}, ${element.outerHTML.slice(0, 80)}`);
  }
  return { seen, poor };
})()
"""


@dataclass(frozen=True, slots=True)
class Contrast:
    """How many texts were looked at, and those that stand out too little from what is behind."""

    seen: int
    poor: list[str]


def contrast_of(page: Page, *, width: int = 1280) -> Contrast:
    """Measure a page from end to end; everything that was folded is open afterwards."""
    page.run("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    # Only what lies in the window can be asked what is behind it.
    page.resize(width, page.run("document.documentElement.scrollHeight") + 100)
    found = page.run(_MEASURE)
    return Contrast(found["seen"], found["poor"])

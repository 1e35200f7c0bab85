// What anybody with a screen reader, a keyboard or tired eyes meets on the page: a list of sentences, empty if all is
// well. By the rules of WCAG 2.2 AA: contrast of texts, names of controls, heads of tables, texts of images, one main.
() => {
  const found = [];
  const where = (element) => {
    const text = (element.textContent || "").trim().slice(0, 30);
    return `${element.tagName.toLowerCase()}.${element.className.baseVal ?? element.className} "${text}"`;
  };
  const isVisible = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const isClipped = (element) => Boolean(element.closest(".unseen"));

  // ---- contrast
  const { read: parsed, ofLetters } = window.colours; // colours.js
  const over = ([r, g, b, a], [r2, g2, b2]) => [r * a + r2 * (1 - a), g * a + g2 * (1 - a), b * a + b2 * (1 - a), 1];
  const groundOf = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const layer = parsed(getComputedStyle(at).backgroundColor);
      layers.push(layer);
      if (layer[3] === 1) break;
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
  };
  const luminance = (colour) => {
    const [r, g, b] = colour.slice(0, 3).map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    const isText = texts.currentNode.data.trim() && !["SCRIPT", "STYLE", "TITLE", "NOSCRIPT", "OPTION"].includes(element.tagName);
    if (!isText || !isVisible(element) || isClipped(element)) continue;
    const style = getComputedStyle(element);
    const ground = groundOf(element);
    const colour = over(ofLetters(element), ground);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = contrast(colour, ground);
    if (ratio < (isLarge ? 3 : 4.5)) found.push(`contrast ${ratio.toFixed(2)}: ${where(element)}`);
  }

  // Edges without which one would not see that there is a control or a match: 3:1 against what is around.
  for (const element of document.querySelectorAll("main :is(button, input:not([type=range]), select), .box, header button")) {
    if (!isVisible(element)) continue;
    const around = groundOf(element.parentElement);
    const edge = over(parsed(getComputedStyle(element).borderTopColor), around);
    const ratio = Math.max(contrast(edge, around), contrast(groundOf(element), around));
    if (ratio < 3) found.push(`edge ${ratio.toFixed(2)}: ${where(element)}`);
  }
  // Bars of a chart that tell something: 3:1 against what is behind them.
  for (const bar of document.querySelectorAll(".bar-range, .bar-middle")) {
    const ratio = contrast(groundOf(bar), groundOf(bar.parentElement));
    if (ratio < 3) found.push(`bar ${ratio.toFixed(2)}: ${where(bar)}`);
  }

  // ---- names
  const nameOf = (element) =>
    element.getAttribute("aria-label") ||
    [...(element.labels || [])].map((label) => label.textContent.trim()).join("") ||
    element.textContent.trim() ||
    element.title;
  for (const control of document.querySelectorAll("a[href], button, input, select, [role=img], nav, progress"))
    if (isVisible(control) && !nameOf(control)) found.push(`no name: ${where(control)}`);
  for (const image of document.querySelectorAll("img"))
    if (!image.hasAttribute("alt")) found.push(`no text for an image: ${where(image.parentElement)}`);
  for (const table of document.querySelectorAll("table")) {
    if (!table.caption || !table.caption.textContent.trim()) found.push(`no caption: ${where(table)}`);
    if (table.querySelector("thead th:not([scope])")) found.push(`a head without scope: ${where(table)}`);
  }
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  if (new Set(ids).size !== ids.length) found.push("an id is there twice");

  // ---- landmarks
  if (document.querySelectorAll("main").length !== 1) found.push("not exactly one main");
  if (!document.querySelector("main h1")) found.push("no h1");
  if (!["en", "ko"].includes(document.documentElement.lang)) found.push("the page does not say its language");
  if (!document.querySelector("[aria-live]")) found.push("nothing is said aloud");
  if (document.documentElement.scrollWidth > innerWidth) found.push("wider than the window");
  return found;
}

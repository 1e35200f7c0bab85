// Every text of the stage that can be seen: what it says, where it is, how large its capitals are, and its colour.
// Returns {texts, problems, width}; the colour behind a text is taken from a picture, by who asks.
() => {
  const root = document.querySelector(".stage, .lower") || document.querySelector("main");
  const canvas = document.createElement("canvas").getContext("2d");
  // The capital height of a font, as the font itself has it.
  const capitals = (style) => {
    canvas.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    return canvas.measureText("H").actualBoundingBoxAscent;
  };
  const opacity = (element) => {
    let found = 1;
    for (let at = element; at; at = at.parentElement) found *= Number(getComputedStyle(at).opacity);
    return found;
  };
  const isSeen = (element) =>
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !element.closest(".unseen");

  // What is left of a box by the parts of the page that hide what does not fit into them, and whether dots stand for it.
  const seenOf = (element, box) => {
    let [left, top, right, bottom, hasDots] = [box.left, box.top, box.right, box.bottom, false];
    for (let at = element; at && at !== document.body; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.overflowX === "visible" && style.overflowY === "visible") continue;
      const frame = at.getBoundingClientRect();
      if (right > frame.right + 2 && style.textOverflow === "ellipsis") hasDots = true;
      [left, top] = [Math.max(left, frame.left), Math.max(top, frame.top)];
      [right, bottom] = [Math.min(right, frame.right), Math.min(bottom, frame.bottom)];
    }
    return { left, top, right, bottom, hasDots, isThere: right - left > 1 && bottom - top > box.height / 2 };
  };

  const [texts, problems] = [[], []];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const element = node.parentElement;
    const said = node.data.trim();
    if (!said || said === "\u00a0" || ["SCRIPT", "STYLE"].includes(element.tagName) || !isSeen(element)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const lines = [...range.getClientRects()].filter((box) => box.width > 0 && box.height > 0);
    const seen = lines.map((box) => ({ box, ...seenOf(element, box) })).filter((one) => one.isThere);
    if (!seen.length && element.closest(".fit")) problems.push(`hidden: "${said.slice(0, 60)}" in ${pathOf(element, root)}`);
    if (!seen.length) continue;
    const style = getComputedStyle(element);
    // Lines of a font are higher than its letters, by about a third above and below.
    const isCut = seen.length < lines.length || seen.some(
      ({ box, left, top, right, bottom }) =>
        left > box.left + 2 || right < box.right - 2 || top > box.top + box.height / 3 || bottom < box.bottom - box.height / 3,
    );
    texts.push({
      text: said.slice(0, 60),
      path: pathOf(element, root),
      isSign: Boolean(element.closest("[aria-hidden=true]")),
      size: parseFloat(style.fontSize),
      weight: Number(style.fontWeight),
      capitals: capitals(style),
      colour: window.colours.ofLetters(element), // colours.js
      opacity: opacity(element),
      boxes: seen.slice(0, 4).map(({ left, top, right, bottom }) => [left, top, right, bottom]),
      cut: isCut ? (seen.some(({ hasDots }) => hasDots) ? "shortened" : "cut off") : null,
      isOutside: seen.some(({ left, top, right }) => left < -2 || top < -2 || right > innerWidth + 2),
      isBelow: seen.some(({ box }) => box.bottom - box.height / 3 > innerHeight + 2),
    });
  }

  function pathOf(element, from) {
    const found = [];
    for (let at = element; at && at !== from; at = at.parentElement) {
      const name = String(at.className.baseVal ?? at.className).trim();
      found.unshift(name ? `.${name.split(/\s+/).join(".")}` : at.tagName.toLowerCase());
    }
    return found.join(" ");
  }

  const page = document.documentElement;
  if (page.scrollWidth > innerWidth) problems.push(`the page is ${page.scrollWidth} px wide`);
  if (page.scrollHeight > innerHeight + 1) problems.push(`the page is ${page.scrollHeight} px high`);
  return { texts, problems, width: innerWidth };
}

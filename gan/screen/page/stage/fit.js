// Texts take the room that they have: the largest letters at which a text fits into its box.
import { useLayoutEffect, useRef } from "preact/hooks";
import { html } from "arena/html.js";

const TOLERANCE = 1; // px; browsers round the sizes of boxes and letters differently
const STEPS = 9; // of the search; each halves what is left
const LEAST = 0.2; // of the size that the style sheet gives
const ENOUGH = 0.55; // of that size; below it, a long word is broken rather than set smaller still

function fits(box, text, size) {
  box.style.fontSize = `${size}px`;
  const [width, height] = [text.scrollWidth, Math.max(text.scrollHeight, box.scrollHeight)];
  return width <= box.clientWidth + TOLERANCE && height <= box.clientHeight + TOLERANCE;
}

function largest(box, text, most) {
  if (fits(box, text, most)) return most;
  let [low, high] = [most * LEAST, most];
  for (let step = 0; step < STEPS; step++) {
    const middle = (low + high) / 2;
    if (fits(box, text, middle)) low = middle;
    else high = middle;
  }
  return low;
}

// Sets the size of a box's letters. Its style sheet gives the box a width, a height and the largest size; its only
// child is a block with the text. Words stay whole unless that makes the letters small. Returns the size in px.
export function fit(box) {
  const text = box.firstElementChild;
  box.style.fontSize = "";
  box.classList.remove("breaks");
  const most = parseFloat(getComputedStyle(box).fontSize);
  let size = largest(box, text, most);
  if (size < most * ENOUGH) {
    box.classList.add("breaks");
    size = Math.max(size, largest(box, text, most));
  }
  fits(box, text, size);
  return size;
}

// A box whose text fits, also after the window has another size.
export function Fit({ class: kind = "", tag = "div", children, ...attributes }) {
  const box = useRef(null);
  const fitted = useRef(""); // the text that was measured last, and the room that it had
  const again = () => {
    if (!box.current) return;
    const { clientWidth, clientHeight, textContent } = box.current;
    const now = [clientWidth, clientHeight, kind, textContent].join();
    if (now !== fitted.current) fit(box.current);
    fitted.current = now;
  };
  useLayoutEffect(again);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(again);
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return html`<${tag} class=${`fit ${kind}`} ref=${box} ...${attributes}><div>${children}</div></${tag}>`;
}

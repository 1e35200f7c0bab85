// Whether the browser has letters for what stands on the page. A letter that no font has is drawn as a box, like one
// that does not exist.
import { letters } from "arena/letters.js";

const SCRIPTS = [
  ["hangul", /\p{Script=Hangul}/u],
  ["han", /\p{Script=Han}/u],
  ["kana", /[\p{Script=Hiragana}\p{Script=Katakana}]/u],
  ["arabic", /\p{Script=Arabic}/u],
];
const MISSING = ["\u0378", "\u{1FFFD}"]; // no font has these
const SIZE = 32; // px

const PICTURE = /\p{Extended_Pictographic}|\p{Regional_Indicator}/u; // of emoji, newer ones may be missing alone

const known = {}; // script, or a picture -> whether it is missing

function drawn(letter) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 2 * SIZE;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.font = `${SIZE}px ${getComputedStyle(document.body).fontFamily}`;
  context.fillText(letter, 0, SIZE);
  return context.getImageData(0, 0, canvas.width, canvas.height).data.join();
}

function isMissing(letter) {
  const picture = drawn(letter);
  return MISSING.some((missing) => drawn(missing) === picture);
}

// Names of the scripts that texts have letters of and that the browser has none for.
export function missingFor(texts) {
  const all = texts.join("");
  const scripts = SCRIPTS.filter(([script, pattern]) => {
    const found = all.match(pattern);
    if (!found) return false;
    known[script] ??= isMissing(found[0]);
    return known[script];
  }).map(([script]) => script);
  return [...new Set(all)].some(isBox) ? [...scripts, "emoji"] : scripts;
}

function isBox(letter) {
  const [picture] = letter.match(PICTURE) || [];
  if (picture) known[picture] ??= isMissing(picture);
  return Boolean(picture) && known[picture];
}

const codesOf = (text) => [...text].map((letter) => `U+${letter.codePointAt(0).toString(16).toUpperCase()}`).join(" ");

// A text without the emoji that no font here has; of one that has nothing else, their numbers.
export function legible(text) {
  if (!PICTURE.test(text)) return text;
  const all = letters(text);
  const kept = all.filter((letter) => !isBox(letter));
  if (kept.length === all.length) return text;
  return kept.join("").replace(/\s+/g, " ").trim() || codesOf(text);
}

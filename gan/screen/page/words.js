// All words of the page, in the language of now. Those of each area are in words/<area>.js, English and Korean side
// by side. In a sentence, {name} is a value; {name:이/가} is a value with the Korean particle that fits its end.
import { legible } from "arena/fonts.js";
import { html } from "arena/html.js";
import { letters } from "arena/letters.js";
import { withParticle } from "arena/particles.js";
import APP from "arena/words/app.js";
import STAGE from "arena/words/stage.js";
import VIEWS from "arena/words/views.js";

export const LANGUAGES = { en: "English", ko: "한국어" };
const WORDS = { ...APP, ...STAGE, ...VIEWS };
const PLACE = /\{(\w+)(?::([^}]+))?\}/g;

let language = "en";

export const languageNow = () => language;

export function setLanguage(next) {
  language = next in LANGUAGES ? next : "en";
  document.documentElement.lang = language;
}

// The parts of a sentence: texts, and values with their particles. Without the sentence, its key, so that it is seen.
function parts(key, values) {
  let sentence = (WORDS[key] || {})[language];
  if (sentence === undefined) return [key];
  if (typeof sentence === "object") sentence = values.n === 1 ? sentence.one : sentence.other;
  const found = [];
  let end = 0;
  for (const match of sentence.matchAll(PLACE)) {
    const [place, name, particle] = match;
    found.push(sentence.slice(end, match.index), { value: values[name], particle });
    end = match.index + place.length;
  }
  found.push(sentence.slice(end));
  return found.filter((part) => part !== "");
}

const plain = (part) =>
  typeof part === "string" ? part : `${part.value}${part.particle ? withParticle(part.value, part.particle) : ""}`;

// A sentence as a text. `n` among the values chooses between "one" and "other" of an English sentence.
export const t = (key, values = {}) => parts(key, values).map(plain).join("");

export const has = (key) => key in WORDS;

const GLUE = "\u2060"; // no line ends between a name and its particle
const MOST_LETTERS = 24; // of a name within a sentence

// A long name, cut for a sentence.
export function brief(name) {
  const all = letters(name);
  return all.length <= MOST_LETTERS ? name : `${all.slice(0, MOST_LETTERS - 1).join("").trimEnd()}…`;
}

// A sentence as nodes: values that are texts are names, each kept apart from the text around it (<bdi>), whichever way
// it is written; numbers are texts; nodes stay as they are (then give `text` of a particle as {node, text}).
export const say = (key, values = {}) =>
  parts(key, values).map((part) => {
    if (typeof part === "string") return part;
    const { value, particle } = part;
    const text = value && value.node ? value.text : value;
    const ending = particle ? GLUE + withParticle(text, particle) : "";
    if (value && value.node) return [value.node, ending];
    if (typeof value === "string") return [html`<bdi class="word" title=${value}>${brief(value)}</bdi>`, ending];
    return [value, ending];
  });

// A text that the arena gives in both languages.
export const told = (text) => (text ? legible(text[language] || text.en || "") : "");

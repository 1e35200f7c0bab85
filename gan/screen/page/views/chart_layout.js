// Where the lines of the ratings' chart go: pure arithmetic, in pixels.
import { letters } from "arena/letters.js";

export function scale(from, to, low, high) {
  const span = to - from || 1;
  return (value) => low + ((value - from) / span) * (high - low);
}

// Round numbers between two values, about five.
export function ticks(from, to) {
  const rough = (to - from) / 5 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const found = [];
  for (let value = Math.ceil(from / step) * step; value <= to; value += step) found.push(Number(value.toFixed(6)));
  return found;
}

// Heights for labels that would like to stand at `wanted`, apart by `pitch` and none below `bottom`.
export function spread(wanted, pitch, bottom) {
  const order = wanted.map((_, index) => index).sort((a, b) => wanted[a] - wanted[b]);
  const heights = [...wanted];
  order.forEach((index, place) => {
    if (place) heights[index] = Math.max(heights[index], heights[order[place - 1]] + pitch);
  });
  const over = order.length ? heights[order.at(-1)] - bottom : 0;
  if (over > 0) order.forEach((index) => (heights[index] -= over));
  return heights;
}

// A name cut so that it is at most so wide, by `widthOf(text)`.
export function cut(name, most, widthOf) {
  if (widthOf(name) <= most) return name;
  const kept = letters(name);
  while (kept.length > 1 && widthOf(`${kept.join("")}…`) > most) kept.pop();
  return `${kept.join("")}…`;
}

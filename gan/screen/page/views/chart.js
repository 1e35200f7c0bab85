// Ratings over time, as lines. Drawn again only if the ratings or the room for it are others.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { legible } from "arena/fonts.js";
import { html } from "arena/html.js";
import { memo } from "arena/memo.js";
import { cut, scale, spread, ticks } from "arena/views/chart_layout.js";
import { t } from "arena/words.js";

export const MOST_LINES = 8; // that can be told apart
const DASHES = ["", "12 5", "3 4", "18 4 3 4"];
const NAMES_SHARE = 0.34; // of the width, at most
const EMPTY = { width: 0, em: 16, widthOf: () => 0 };

const rounded = (value) => Math.round(value * 10) / 10;

// The room of an element, the size of a letter there, and how wide a text is.
function useRoom(place) {
  const [room, setRoom] = useState(EMPTY);
  useLayoutEffect(() => {
    const measure = () => {
      const { fontSize, fontFamily } = getComputedStyle(place.current);
      const context = document.createElement("canvas").getContext("2d");
      context.font = `600 ${0.95 * parseFloat(fontSize)}px ${fontFamily}`;
      const widthOf = (text) => context.measureText(text).width;
      setRoom((before) => {
        const [width, em] = [place.current.clientWidth, parseFloat(fontSize)];
        return before.width === width && before.em === em ? before : { width, em, widthOf };
      });
    };
    const watching = new ResizeObserver(measure);
    watching.observe(place.current);
    measure();
    return () => watching.disconnect();
  }, []);
  return room;
}

// `history`: all ratings, oldest first; `names`: whose lines to draw, at most MOST_LINES of them; `isLow`: with little
// height, for one line.
export const Chart = memo(({ history, names, isLow }) => {
  const place = useRef(null);
  const room = useRoom(place);
  const lines = names.slice(0, MOST_LINES).map((name) => history.filter((one) => one.name === name));
  const isDrawn = room.width > 0 && lines.some((line) => line.length);
  return html`<div class="chart-place" ref=${place}>
    ${isDrawn && html`<${Lines} ...${{ history, lines, room, isLow }} names=${names.slice(0, MOST_LINES)} />`}
  </div>`;
});

function Lines({ history, names, lines, room, isLow }) {
  const { em, widthOf } = room;
  const width = Math.max(room.width, 18 * em);
  const height = isLow ? 14 * em : Math.min(30 * em, Math.max(20 * em, 0.45 * width));
  const labels = names.map((name) => cut(legible(name), NAMES_SHARE * width, widthOf));
  const widest = Math.max(...labels.map(widthOf));
  const apart = Math.min(0.5 * em, 0.012 * width); // of the ranges
  const [left, top, bottom] = [2.6 * em, em, height - 3 * em];
  const right = width - widest - apart * (lines.length + 1) - 2 * em;
  // One step for each match that changed a rating, so that nights take no room.
  const steps = new Map([...new Set(history.map((one) => one.match))].map((match, step) => [match, step]));
  const x = scale(0, Math.max(1, steps.size - 1), left + 0.5 * em, right);
  const all = lines.flat();
  const [low, high] = [Math.min(...all.map((one) => one.low)), Math.max(...all.map((one) => one.high))];
  const y = scale(low, high, bottom, top);
  const drawn = lines.map((line, index) => ({ line, index, last: line.at(-1) })).filter(({ last }) => last);
  const heights = spread(
    drawn.map(({ last }) => y(last.mu)),
    1.35 * em,
    bottom,
  );
  return html`<svg class="chart" viewBox=${`0 0 ${rounded(width)} ${rounded(height)}`} role="img">
    <title>${t("chart.title", { names: names.join(", ") })}</title>
    ${ticks(low, high).map(
      (value) =>
        html`<line class="grid" x1=${left} x2=${right} y1=${rounded(y(value))} y2=${rounded(y(value))} />
          <text class="tick" x=${left - 0.5 * em} y=${rounded(y(value) + 0.35 * em)} text-anchor="end">${value}</text>`,
    )}
    ${drawn.map(({ line, index, last }, order) => {
      const [side, nameX] = [right + apart * (index + 1), width - widest - 2];
      const at = line.map((one) => [rounded(x(steps.get(one.match))), rounded(y(one.mu))]);
      const points = [...at, [rounded(right), rounded(y(last.mu))]].join(" ");
      return html`<g class=${`line-${index}`} key=${last.name}>
        <line
          class="range"
          x1=${side}
          x2=${side}
          y1=${rounded(y(last.low))}
          y2=${rounded(y(last.high))}
          stroke-width=${rounded(0.66 * apart)}
        />
        <polyline class="line" points=${points} stroke-dasharray=${DASHES[index % DASHES.length]} />
        ${at.map(([cx, cy]) => html`<circle cx=${cx} cy=${cy} r=${0.22 * em} />`)}
        <line
          class="leader"
          x1=${side}
          y1=${rounded(y(last.mu))}
          x2=${nameX - 0.3 * em}
          y2=${rounded(heights[order])}
        />
        <text class="label" x=${nameX} y=${rounded(heights[order] + 0.35 * em)}>${labels[index]}</text>
      </g>`;
    })}
    <text class="tick" x=${left} y=${height - em}>${t("chart.caption", { n: steps.size })}</text>
  </svg>`;
}

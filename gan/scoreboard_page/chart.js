// Ratings: a table with uncertainty, and lines over time, drawn as SVG.
"use strict";

Arena.chart = (function () {
  const WIDTH = 1200;
  const HEIGHT = 520;
  const MARGIN = { left: 60, right: 350, top: 20, bottom: 50 };
  const MOST = 8; // lines that can be told apart
  const COLOURS = ["#5ab0ff", "#ffa047", "#f2f5f8", "#00c2a0", "#f0e442", "#e58bc4", "#aab6c3", "#ff7a5c"];
  const DASHES = ["", "12 5", "3 4", "18 4 3 4"];

  const svg = function (tag, attributes, ...children) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    Arena.set(element, attributes);
    element.append(...children.flat());
    return element;
  };

  function scale(from, to, low, high) {
    const span = to - from || 1;
    return (value) => low + ((value - from) / span) * (high - low);
  }

  // Round numbers between two values.
  function ticks(from, to) {
    const rough = (to - from) / 5 || 1;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
    const found = [];
    for (let value = Math.ceil(from / step) * step; value <= to; value += step) found.push(value);
    return found;
  }

  // So that names at the lines' ends do not lie on each other.
  function spread(ends) {
    const placed = [...ends].sort((a, b) => a.y - b.y);
    placed.forEach((end, index) => {
      if (index) end.y = Math.max(end.y, placed[index - 1].y + 24);
    });
    const over = placed.length ? placed[placed.length - 1].y - (HEIGHT - MARGIN.bottom) : 0;
    if (over > 0) placed.forEach((end) => (end.y -= over));
    return placed;
  }

  function shortened(name) {
    const letters = [...name];
    return letters.length > 20 ? `${letters.slice(0, 19).join("")}…` : name;
  }

  // history: what the server calls ratings; names: whose lines to draw.
  return function (history, names) {
    const lines = names.slice(0, MOST).map((name) => history.filter((one) => one.name === name));
    const all = lines.flat();
    if (!all.length) return null;
    // One step each, so that nights take no room.
    const matches = [...new Set(history.map((one) => one.match))];
    const x = scale(0, matches.length - 1, MARGIN.left, WIDTH - MARGIN.right);
    const low = Math.min(...all.map((one) => one.low));
    const high = Math.max(...all.map((one) => one.high));
    const y = scale(low, high, HEIGHT - MARGIN.bottom, MARGIN.top);
    const at = (one) => x(matches.indexOf(one.match));
    const edge = WIDTH - MARGIN.right;
    const grid = ticks(low, high).map((value) => [
      svg("line", { class: "grid", x1: MARGIN.left, x2: WIDTH - MARGIN.right, y1: y(value), y2: y(value) }),
      svg(
        "text",
        { class: "tick", x: MARGIN.left - 10, y: y(value) + 6, "text-anchor": "end" },
        String(Number(value.toFixed(3))),
      ),
    ]);
    const nameX = edge + 8 + 9 * lines.length + 24;
    const ends = [];
    const drawn = lines.map((line, index) => {
      const [colour, dash] = [COLOURS[index], DASHES[index % DASHES.length]];
      const last = line[line.length - 1];
      const side = edge + 8 + 9 * index; // of the range, beside the others'
      ends.push({ name: names[index], colour, y: y(last.mu), from: y(last.mu), x: side });
      const points = [...line.map((one) => `${at(one)},${y(one.mu)}`), `${edge},${y(last.mu)}`].join(" ");
      const dots = line.map((one) => svg("circle", { cx: at(one), cy: y(one.mu), r: 4, fill: colour }));
      const range = svg("line", {
        x1: side,
        x2: side,
        y1: y(last.low),
        y2: y(last.high),
        stroke: colour,
        class: "range",
      });
      return [range, svg("polyline", { points, stroke: colour, "stroke-dasharray": dash, class: "line" }), dots];
    });
    const labels = spread(ends).map((end) => [
      svg("line", { class: "leader", x1: end.x, y1: end.from, x2: nameX - 6, y2: end.y, stroke: end.colour }),
      svg("text", { x: nameX, y: end.y + 6, fill: end.colour, class: "label" }, shortened(end.name)),
    ]);
    const caption = svg(
      "text",
      { class: "tick", x: (WIDTH - MARGIN.right) / 2, y: HEIGHT - 12, "text-anchor": "middle" },
      `matches, in the order they were played (${matches.length})`,
    );
    const title = svg("title", {}, `Ratings over time of ${names.slice(0, MOST).join(", ")}`);
    return svg(
      "svg",
      { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" },
      title,
      ...grid.flat(),
      ...drawn.flat(2),
      ...labels.flat(),
      caption,
    );
  };
})();

Arena.ratingTable = function (ratings) {
  const el = Arena.el;
  const ranked = Object.entries(ratings).sort(([, a], [, b]) => b.ordinal - a.ordinal);
  const low = Math.min(...ranked.map(([, one]) => one.low));
  const high = Math.max(...ranked.map(([, one]) => one.high));
  const share = (value) => `${((value - low) / (high - low || 1)) * 100}%`;
  const rows = ranked.map(([name, one], index) => {
    const range = el("span", { class: "bar-range" });
    range.style.left = share(one.low);
    range.style.right = `calc(100% - ${share(one.high)})`;
    const middle = el("span", { class: "bar-middle" });
    middle.style.left = share(one.mu);
    return el(
      "tr",
      {},
      el("td", { class: "number" }, `${index + 1}.`),
      el("th", { scope: "row" }, el("bdi", { class: "cell-name", title: name }, name)),
      el("td", { class: "number" }, `${one.mu.toFixed(1)} ± ${(one.high - one.mu).toFixed(1)}`),
      el("td", { class: "bar-cell" }, el("span", { class: "bar", "aria-hidden": "true" }, range, middle)),
      el("td", { class: "number" }, String(one.matches)),
    );
  });
  return Arena.table("Ratings", [[""], "team", ["rating, 95% interval"], "", ["matches"]], rows);
};

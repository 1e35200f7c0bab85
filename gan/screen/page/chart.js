// Ratings: a table with uncertainty, and lines over time, drawn as SVG.
"use strict";

Arena.chart = (function () {
  const MOST = 8; // lines that can be told apart
  const COLOURS = ["#5ab0ff", "#ffa047", "#f2f5f8", "#00c2a0", "#f0e442", "#e58bc4", "#aab6c3", "#ff7a5c"];
  const DASHES = ["", "12 5", "3 4", "18 4 3 4"];
  const NAMES_SHARE = 0.34; // of the width, at most

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
  function spread(ends, pitch, bottom) {
    const placed = [...ends].sort((a, b) => a.y - b.y);
    placed.forEach((end, index) => {
      if (index) end.y = Math.max(end.y, placed[index - 1].y + pitch);
    });
    const over = placed.length ? placed[placed.length - 1].y - bottom : 0;
    if (over > 0) placed.forEach((end) => (end.y -= over));
    return placed;
  }

  // The names cut to a width, and the width of the widest; measured in the page, where the fonts are.
  function cutNames(names, most, page) {
    const text = svg("text", { class: "label" });
    const measuring = svg("svg", { class: "chart measuring" }, text);
    page.append(measuring);
    const width = (name) => {
      text.textContent = name;
      return text.getComputedTextLength();
    };
    const cut = names.map((name) => {
      const letters = Arena.letters(name);
      let limit = letters.length;
      while (limit > 1 && width(Arena.cut(letters, limit)) > most) limit--;
      return Arena.cut(letters, limit);
    });
    const widest = Math.max(...cut.map(width));
    measuring.remove();
    return [cut, widest];
  }

  // history: what the server calls ratings; names: whose lines to draw; page: the element it is drawn for.
  return function (history, names, page) {
    const lines = names.slice(0, MOST).map((name) => history.filter((one) => one.name === name));
    const all = lines.flat();
    if (!all.length) return null;
    const em = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const width = Math.max(page.clientWidth, 18 * em);
    const height = Math.min(30 * em, Math.max(22 * em, 0.5 * width));
    const [labelTexts, widest] = cutNames(names.slice(0, MOST), NAMES_SHARE * width, page);
    const apart = Math.min(0.5 * em, 0.012 * width); // of the ranges
    const [left, top, bottom] = [2.4 * em, em, height - 3 * em];
    const right = width - widest - apart * (lines.length + 1) - 2 * em;
    // One step each, so that nights take no room.
    const steps = new Map([...new Set(history.map((one) => one.match))].map((match, step) => [match, step]));
    const x = scale(0, steps.size - 1, left + 0.5 * em, right);
    const low = Math.min(...all.map((one) => one.low));
    const high = Math.max(...all.map((one) => one.high));
    const y = scale(low, high, bottom, top);
    const at = (one) => x(steps.get(one.match));
    const grid = ticks(low, high).map((value) => [
      svg("line", { class: "grid", x1: left, x2: right, y1: y(value), y2: y(value) }),
      svg(
        "text",
        { class: "tick", x: left - 0.5 * em, y: y(value) + 0.35 * em, "text-anchor": "end" },
        String(Number(value.toFixed(3))),
      ),
    ]);
    const nameX = width - widest - 2;
    const ends = [];
    const drawn = lines.map((line, index) => {
      const [colour, dash] = [COLOURS[index], DASHES[index % DASHES.length]];
      const last = line[line.length - 1];
      const side = right + apart * (index + 1); // of the range, beside the others'
      ends.push({ name: labelTexts[index], colour, y: y(last.mu), from: y(last.mu), x: side });
      const points = [...line.map((one) => `${at(one)},${y(one.mu)}`), `${right},${y(last.mu)}`].join(" ");
      const dots = line.map((one) => svg("circle", { cx: at(one), cy: y(one.mu), r: 0.22 * em, fill: colour }));
      const range = svg("line", {
        x1: side,
        x2: side,
        y1: y(last.low),
        y2: y(last.high),
        stroke: colour,
        "stroke-width": 0.66 * apart,
        class: "range",
      });
      return [range, svg("polyline", { points, stroke: colour, "stroke-dasharray": dash, class: "line" }), dots];
    });
    const labels = spread(ends, 1.35 * em, bottom).map((end) => [
      svg("line", { class: "leader", x1: end.x, y1: end.from, x2: nameX - 0.3 * em, y2: end.y, stroke: end.colour }),
      svg("text", { x: nameX, y: end.y + 0.35 * em, fill: end.colour, class: "label" }, end.name),
    ]);
    const caption = svg(
      "text",
      { class: "tick", x: left, y: height - em },
      `matches as they were played (${steps.size})`,
    );
    const title = svg("title", {}, `Ratings over time of ${names.slice(0, MOST).join(", ")}`);
    return svg(
      "svg",
      { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img" },
      title,
      ...grid.flat(),
      ...drawn.flat(2),
      ...labels.flat(),
      caption,
    );
  };
})();

// [how many, of how many] as a share.
Arena.shareOf = (count) => (count && count[1] ? `${Math.round((100 * count[0]) / count[1])}%` : "–");

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
      [one.real, one.generated, one.fooled].map((count) => el("td", { class: "number" }, Arena.shareOf(count))),
      el("td", { class: "number" }, String(one.matches)),
    );
  });
  const shares = [["real"], ["generated"], ["fooled"]];
  const head = [[""], "team", ["rating, 95% interval"], "", ...shares, ["matches"]];
  return Arena.table("Ratings", head, rows, "ratings");
};

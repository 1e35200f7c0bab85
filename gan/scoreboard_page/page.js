// Building blocks: elements, names, numbers. Whatever comes from outside becomes text, never markup.
"use strict";

const Arena = {};

// An element; children are elements, texts, lists of both, or nothing. Attributes that are functions are listeners.
Arena.el = function (tag, attributes, ...children) {
  const element = document.createElement(tag);
  Arena.set(element, attributes || {});
  element.append(
    ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
};

Arena.set = function (element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
};

// A team's name, kept apart from the text around it whichever way it is written; long ones are set smaller.
Arena.name = function (team) {
  const name = team ? team.name : "";
  const width = [...name].reduce((sum, character) => sum + (character.codePointAt(0) > 0x2e7f ? 2 : 1), 0);
  const length = width <= 16 ? "short" : width <= 32 ? "medium" : width <= 60 ? "long" : "very-long";
  return Arena.el("bdi", { class: "name", "data-length": length, title: name }, name);
};

// The same without its size, for sentences.
Arena.word = (team) => Arena.el("bdi", { class: "word", title: Arena.plain(team) }, Arena.plain(team));

Arena.plain = (team) => (team ? team.name : "");

Arena.percent = (share) => `${Math.round(share * 100)}%`;

Arena.milliseconds = function (seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const value = seconds * 1000;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
};

Arena.clock = function (seconds) {
  const options = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false };
  return new Date(seconds * 1000).toLocaleString("en", options);
};

Arena.capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

// A table that scrolls where it is too wide. Names of columns of numbers are given as [name].
Arena.table = function (caption, head, rows) {
  const el = Arena.el;
  const columns = head.map((name) => el("th", { scope: "col", class: Array.isArray(name) && "number" }, name));
  return el(
    "div",
    { class: "wide", tabindex: "0", role: "region", "aria-label": caption },
    el(
      "table",
      {},
      el("caption", { class: "unseen" }, caption),
      el("thead", {}, el("tr", {}, columns)),
      el("tbody", {}, rows),
    ),
  );
};

Arena.empty = (text) => Arena.el("p", { class: "empty" }, text);

// Says something to those who listen to the page instead of looking at it.
Arena.say = function (text) {
  const place = document.getElementById("announcement");
  if (place.textContent !== text) place.textContent = text;
};

// ---- what is read off a state

Arena.matchesOf = (state) => Object.values(state.matches || {}).sort((a, b) => a.id - b.id);

// Those that were really met: no byes.
Arena.replays = (state) => Arena.matchesOf(state).filter((match) => match.away !== null);

Arena.roundName = function (state, match) {
  if (state.rounds && state.rounds.length) return state.rounds[match.round];
  return state.event && state.event.mode === "league" ? `round ${match.round + 1}` : "match";
};

// 0 for home, 1 for away; in a check a team meets itself.
Arena.judgeSide = (half) => 1 - (half.number % 2);
Arena.winnerSide = (match) => (match.winner === match.home ? 0 : 1);
Arena.meetsItself = (match) => match.home === match.away;

Arena.right = (half, index) => half.probabilities[index] > 0.5 === (half.truth[index] === 1);

Arena.countRight = function (half, uncovered) {
  let right = 0;
  for (let index = 0; index < uncovered; index++) right += Arena.right(half, index) ? 1 : 0;
  return right;
};

Arena.hasVerdicts = (half) => Boolean(half && half.truth && half.probabilities);

Arena.cards = (half) => (half && half.truth ? half.truth.length : 0);

// How many cards are uncovered so long after the half round began, in seconds; as gan/show.py says.
Arena.uncovered = function (half, passed, pace) {
  const count = Arena.cards(half);
  if (!pace) return count;
  return Math.max(0, Math.min(count, Math.floor((passed / pace) * (count + 2) + 1e-9)));
};

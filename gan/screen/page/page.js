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

// A team's name, kept apart from the text around it whichever way it is written; `fitNames` sets long ones smaller.
Arena.name = (team) => Arena.el("bdi", { class: "name", title: Arena.plain(team) }, Arena.plain(team));

// The same for sentences; `fitWords` cuts long ones.
Arena.word = (team) => Arena.el("bdi", { class: "word", title: Arena.plain(team) }, Arena.plain(team));

// The largest size at which each name in an element, which is in the page, fits into the lines that its place has.
Arena.fitNames = function (element) {
  for (const name of element.querySelectorAll(".name")) {
    for (const length of ["short", "medium", "long", "very-long"]) {
      name.dataset.length = length;
      if (name.scrollHeight <= name.clientHeight + 1) break;
    }
  }
};

// Cuts the longest names of a sentence, which is in the page, until it fits into its --lines.
Arena.fitWords = function (element) {
  const words = [...element.querySelectorAll(".word")].map((word) => [word, Arena.letters(word.title)]);
  const style = getComputedStyle(element);
  const most = (Number(style.getPropertyValue("--lines")) + 0.5) * parseFloat(style.lineHeight);
  const cut = (limit) => {
    for (const [word, letters] of words) word.textContent = Arena.cut(letters, limit);
    return element.clientHeight <= most;
  };
  let [low, high] = [Arena.LEAST_LETTERS, Math.max(0, ...words.map(([, letters]) => letters.length))];
  if (cut(high)) return;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (cut(middle)) low = middle;
    else high = middle - 1;
  }
  cut(low);
};

Arena.LEAST_LETTERS = 4; // that a name is cut to

// What a reader takes for letters, none of which can be cut in two.
Arena.letters = (text) =>
  Intl.Segmenter ? [...new Intl.Segmenter().segment(text)].map(({ segment }) => segment) : [...text];

Arena.cut = (letters, limit) =>
  letters.length <= limit
    ? letters.join("")
    : `${letters
        .slice(0, limit - 1)
        .join("")
        .trimEnd()}…`;

Arena.plain = (team) => (team ? team.name : "");

// With a decimal where it rounds to 50, since 50% divides real from generated.
Arena.percent = function (share) {
  const rounded = Math.round(share * 100);
  if (rounded !== 50 || share === 0.5) return `${rounded}%`;
  const exact = (share * 100).toFixed(1);
  return exact === "50.0" ? `${share > 0.5 ? ">" : "<"}50%` : `${exact}%`;
};

Arena.milliseconds = function (seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const value = seconds * 1000;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
};

Arena.clock = function (seconds) {
  const options = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  return new Date(seconds * 1000).toLocaleString("en", options);
};

Arena.capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

// A table that scrolls where it is too wide. Names of columns of numbers are given as [name].
Arena.table = function (caption, head, rows, kind = null) {
  const el = Arena.el;
  const columns = head.map((name) => el("th", { scope: "col", class: Array.isArray(name) && "number" }, name));
  return el(
    "div",
    { class: "wide", tabindex: "0", role: "region", "aria-label": caption },
    el(
      "table",
      { class: kind },
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

// Which attempt it is at a match of these two at this place: 1 for the first.
Arena.attempt = function (state, match) {
  const isSame = (one) => ["round", "position", "home", "away"].every((field) => one[field] === match[field]);
  return 1 + Arena.matchesOf(state).filter((one) => isSame(one) && one.attempt < match.attempt).length;
};

Arena.attemptName = (state, match) => (Arena.attempt(state, match) > 1 ? `attempt ${Arena.attempt(state, match)}` : "");

// Whether snapshots are still being opened.
Arena.isOpening = (state) => Boolean(state.event) && Object.keys(state.teams).length < state.event.num_teams;

// 0 for home, 1 for away; in a check a team meets itself.
Arena.judgeSide = (half) => 1 - (half.number % 2);
Arena.winnerSide = (match) => (match.winner === match.home ? 0 : 1);
Arena.isDrawn = (match) => Boolean(match) && match.status === "done" && !match.winner && !Arena.meetsItself(match);
Arena.isTossUp = (match) => Boolean(match.timing) && !match.timing.tells && !Arena.isDrawn(match);
Arena.meetsItself = (match) => match.home === match.away;

Arena.right = (half, index) => half.probabilities[index] > 0.5 === (half.truth[index] === 1);

Arena.countRight = function (half, uncovered) {
  let right = 0;
  for (let index = 0; index < uncovered; index++) right += Arena.right(half, index) ? 1 : 0;
  return right;
};

// Whether there are guesses; they decide unless the generator forfeits.
Arena.hasGuesses = (half) => Boolean(half && half.truth && half.probabilities);
Arena.hasVerdicts = (half) => Arena.hasGuesses(half) && !half.generator_fault;

// The points of a half round with so many of its cards uncovered. A forfeit's go up card by card as well.
Arena.pointsOf = function (half, uncovered) {
  if (Arena.hasVerdicts(half)) return Arena.countRight(half, uncovered);
  if (!half.generator_fault || half.discriminator_fault || !Arena.cards(half)) return 0;
  return Math.floor((half.points * uncovered) / Arena.cards(half));
};

Arena.cards = (half) => (half && half.truth ? half.truth.length : 0);

// How many cards are uncovered so long after the half round began, in seconds; as gan/screen/show.py says.
Arena.uncovered = function (half, passed, pace) {
  const count = Arena.cards(half);
  if (!pace) return count;
  return Math.max(0, Math.min(count, Math.floor((passed / pace) * (count + 2) + 1e-9)));
};

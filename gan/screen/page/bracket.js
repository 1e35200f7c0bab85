// The bracket: rounds side by side, each match between the two that lead to it.
"use strict";

Arena.ROUNDS_BESIDE = 2; // shown beside a match
Arena.ROUNDS_OF_LAST_16 = 4;

// One match: who plays, who won, and the way to its replay.
Arena.matchBox = function (state, place, current) {
  const el = Arena.el;
  const match = place.match && state.matches[place.match];
  const rows = place.teams.map((id, side) => {
    const team = state.teams[id];
    const result = match ? Arena.resultOf(match, side) : "";
    return el(
      "span",
      { class: "box-row", "data-result": result },
      el("span", { class: "seed" }, team && team.seeding ? String(team.seeding) : ""),
      team
        ? el("span", { class: "box-name" }, Arena.name(team))
        : el("span", { class: "box-name nobody" }, place.bye ? "bye" : "?"),
      result === "won" && el("span", { class: "won-mark", "aria-label": "won" }, "◀"),
      !place.bye && el("span", { class: "box-points" }, match && match.status !== "playing" && String(match.points[side])),
    );
  });
  const note = match && { held: "waits for the organisers", annulled: "annulled" }[match.status];
  const attributes = { class: "box", "data-current": match && match.id === current };
  const parts = [rows, note && el("span", { class: "box-note" }, note)];
  return match && !place.bye
    ? el("a", { ...attributes, href: `#/match/${match.id}` }, parts)
    : el("div", attributes, parts);
};

// Rounds `first` to `last` of the bracket, of each the matches that lead to the place `under`, a round and a position
// in it; null: all.
Arena.bracket = function (state, { first, last, under = null, current = null }) {
  const el = Arena.el;
  const total = state.rounds.length;
  const columns = [];
  for (let round = first; round <= last; round++) {
    const { round: root, position: at } = under || { round: total - 1, position: 0 };
    const [from, to] = [at << (root - round), (at + 1) << (root - round)];
    const boxes = [];
    for (let position = from; position < to; position++) {
      boxes.push(el("li", { class: "slot" }, Arena.matchBox(state, state.places[`${round}:${position}`], current)));
    }
    columns.push(
      el(
        "section",
        { class: "column" },
        el("h3", {}, Arena.capital(state.rounds[round])),
        el("ol", { class: "slots" }, boxes),
      ),
    );
  }
  return el("div", { class: "bracket" }, columns);
};

// The part of the bracket around a match: two rounds, and of them what leads to the same match of the third.
Arena.bracketAround = function (state, match) {
  const total = state.rounds.length;
  const round = match ? match.round : 0;
  const last = Math.min(round + Arena.ROUNDS_BESIDE - 1, total - 1);
  const first = Math.max(0, last - Arena.ROUNDS_BESIDE + 1);
  const root = Math.min(last + 1, total - 1);
  const under = { round: root, position: match ? match.position >> (root - round) : 0 };
  return Arena.bracket(state, { first, last, under, current: match && match.id });
};

// The matches that belong on the side of the stage.
Arena.beside = function (state) {
  const el = Arena.el;
  if (!state.event) return [];
  const match = state.live && state.live.match && state.matches[state.live.match];
  if (state.rounds.length) {
    return [
      el("h2", {}, "Bracket ", el("a", { class: "more", href: "#/bracket" }, "all of it")),
      Arena.bracketAround(state, match),
    ];
  }
  if (state.event.mode === "tournament") return [el("h2", {}, "Bracket"), Arena.empty(Arena.BEFORE_THE_DRAW)];
  if (state.event.mode === "league") {
    return [
      el("h2", {}, "Table ", el("a", { class: "more", href: "#/bracket" }, "all of it")),
      Arena.standings(state, 12),
    ];
  }
  const newest = Arena.replays(state).slice(-10).reverse();
  return [
    el("h2", {}, "Matches ", el("a", { class: "more", href: "#/matches" }, "all")),
    newest.length
      ? el(
          "div",
          { class: "boxes" },
          newest.map((one) => Arena.matchBox(state, Arena.placeOf(one), match && match.id)),
        )
      : Arena.empty("none yet"),
  ];
};

Arena.placeOf = (match) => ({ teams: [match.home, match.away], match: match.id, bye: match.away === null });

Arena.standings = function (state, most = Infinity) {
  const el = Arena.el;
  const ranked = Object.entries(state.standings)
    .map(([id, row]) => ({ team: state.teams[id], ...row }))
    .sort((a, b) => b.won - a.won || b.points - b.against - (a.points - a.against) || b.points - a.points);
  const rows = ranked.slice(0, most).map((row, index) =>
    el(
      "tr",
      {},
      el("td", { class: "number" }, `${index + 1}.`),
      el("th", { scope: "row" }, el("bdi", { class: "cell-name", title: row.team.name }, row.team.name)),
      [row.won, row.drawn, row.played, `${row.points} : ${row.against}`].map((value) =>
        el("td", { class: "number" }, String(value)),
      ),
    ),
  );
  return Arena.table("Table", [[""], "team", ["won"], ["drawn"], ["of"], ["points"]], rows);
};

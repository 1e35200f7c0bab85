// Lists: matches, forfeits, events.
"use strict";

Arena.matchList = function (state, matches) {
  const el = Arena.el;
  const rows = matches.map((match) => {
    const [home, away] = [match.home, match.away].map((id) => state.teams[id]);
    const cell = (team, side) =>
      el(
        "td",
        { class: Arena.SIDES[side].key, "data-result": Arena.resultOf(match, side) },
        el(
          "span",
          { class: "marked" },
          el("bdi", { class: "cell-name", title: team.name }, team.name),
          Arena.resultOf(match, side) === "won" && el("span", { class: "won-mark", "aria-label": "won" }, "◀"),
        ),
      );
    const attempt = Arena.attemptName(state, match);
    const about = { done: match.rule, playing: "being played" }[match.status] || `${match.status}: ${match.reason}`;
    return el(
      "tr",
      { "data-status": match.status },
      el("td", { class: "number no" }, String(match.id)),
      el("td", { class: "round" }, Arena.capital(Arena.roundName(state, match)), attempt && `, ${attempt}`),
      cell(home, 0),
      el(
        "td",
        { class: "number score-cell" },
        el(
          "a",
          { href: `#/match/${match.id}`, "aria-label": `replay of ${home.name} against ${away.name}` },
          `${match.points[0]} : ${match.points[1]}`,
        ),
      ),
      cell(away, 1),
      el("td", { class: "soft about" }, about),
    );
  });
  return Arena.table("Matches", [["no."], "round", "home", ["points"], "away", "decided by"], rows, "stacked matches");
};

Arena.forfeitList = function (state) {
  const el = Arena.el;
  const rows = state.forfeits.map((forfeit) => {
    const match = forfeit.match && state.matches[forfeit.match];
    const isOf = (one) => one.away !== null && one.status === "done" && [one.home, one.away].includes(forfeit.team);
    const hasPlayed = Object.values(state.matches).some((one) => isOf(one) && !forfeit.matches.includes(one.id));
    const all = hasPlayed && forfeit.matches.length ? `match ${forfeit.matches.join(", ")}` : "every match";
    const what = forfeit.network ? `${forfeit.network}, half round ${forfeit.number + 1}` : all;
    return el(
      "tr",
      {},
      el("th", { scope: "row" }, el("bdi", { class: "cell-name" }, state.teams[forfeit.team].name)),
      el("td", {}, match ? el("a", { href: `#/match/${match.id}` }, `match ${match.id}, ${what}`) : what),
      el("td", { class: "reason" }, forfeit.reason),
    );
  });
  return Arena.table("Forfeits", ["team", "what is forfeited", "why"], rows, "stacked");
};

Arena.eventList = function (state, chosen) {
  const el = Arena.el;
  const events = Object.values(state.events).reverse();
  const items = events.map((event) =>
    el(
      "li",
      {},
      el(
        "a",
        { href: `#/event/${event.id}`, "aria-current": event.id === chosen && "page" },
        el("bdi", {}, event.name),
      ),
      ` ${event.mode}, ${Arena.clock(event.begun)}${event.finished ? "" : ", open"}${event.frozen ? ", frozen" : ""}`,
    ),
  );
  return el("ul", { class: "events" }, items);
};

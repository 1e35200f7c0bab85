// The bracket of a tournament, or the table of what is played in its place.
import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "arena/html.js";
import { nameOf } from "arena/stage/reading.js";
import { useArrowKeys } from "arena/views/arrow_keys.js";
import { BracketTree } from "arena/views/bracket_tree.js";
import { isInside, LAST, WHOLE, wholeOf, windowsOf, windowWith } from "arena/views/bracket_windows.js";
import { inOrder } from "arena/views/match_words.js";
import { usePrinting } from "arena/views/printing.js";
import { folded, SearchField } from "arena/views/search_field.js";
import { Standings } from "arena/views/standings.js";
import { teamLink } from "arena/views/team_name.js";
import { say, t } from "arena/words.js";

export const bracketWord = (state) =>
  state && state.event && state.event.mode !== "tournament" ? "nav.table" : "nav.bracket";

export function BracketView({ state }) {
  const title = html`<h1>${t(bracketWord(state))}</h1>`;
  if (!state.event)
    return html`<section class="list">
      ${title}
      <p class="empty">${t("views.nothing")}</p>
    </section>`;
  if (state.event.mode !== "tournament")
    return html`<section class="list">${title}<${Standings} state=${state} /></section>`;
  if (!state.rounds || !state.rounds.length)
    return html`<section class="list">
      ${title}
      <p class="empty">${t("bracket.before_draw")}</p>
    </section>`;
  return html`<${Bracket} state=${state} title=${title} />`;
}

// The match that is played at the moment, or was played last.
function latestOf(state) {
  const { stage, matches } = state;
  const onStage = stage && stage.match !== undefined && matches[stage.match];
  return onStage || inOrder(matches).at(-1) || null;
}

// Where a team stands in its furthest match.
function furthest(state, team) {
  const places = Object.entries(state.places).filter(([, place]) => place.home === team || place.away === team);
  const found = places.map(([key]) => key.split(":").map(Number)).sort(([a], [b]) => b - a)[0];
  return found && { round: found[0], position: found[1] };
}

export function Bracket({ state, title }) {
  const windows = windowsOf(state.rounds.length);
  const [chosen, setChosen] = useState(null); // the key of a window; null: the one with what is played
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(null); // the team that was jumped to, by its id
  const [pointed, setPointed] = useState(null); // the team that the mouse points at, by its id
  const [goal, setGoal] = useState(null); // the place to be seen, {round, position}
  const list = useArrowKeys();
  const isPrinting = usePrinting();
  const latest = latestOf(state);
  const now = state.stage && state.stage.match;
  const shown =
    chosen === WHOLE
      ? wholeOf(state.rounds.length)
      : windows.find(({ key }) => key === chosen) || windowWith(windows, latest);

  const wanted = folded(typed);
  const found = wanted ? Object.values(state.teams).filter(({ name }) => folded(name).includes(wanted)) : [];
  const marked = markedOf(found, pointed);

  const show = (place) => {
    if (chosen !== WHOLE || windows.length === 1) setChosen(windowWith(windows, place).key);
    setGoal({ ...place });
  };
  const jumpToNext = () => {
    if (!found.length) return;
    const next = found[(found.findIndex(({ id }) => id === at) + 1) % found.length];
    const place = furthest(state, next.id);
    setAt(next.id);
    if (place) show(place);
  };
  useSeen(list, goal);

  const point = ({ target }) => {
    const row = target.closest("[data-team]");
    setPointed(row ? Number(row.dataset.team) : null);
  };
  return html`<section class="list bracket-view" ref=${list} onPointerOver=${point}>
    <div class="heading">
      ${title}
      <${SearchField} value=${typed} onInput=${setTyped} onEnter=${jumpToNext} found=${found.length} />
      ${
        latest &&
        html`<button class="jump" onClick=${() => show(latest)}>
          ${t(latest.status === "playing" ? "bracket.to_now" : "bracket.to_last")}
        </button>`
      }
    </div>
    ${found.length === 1 && html`<${Way} state=${state} team=${found[0]} />`}
    ${
      windows.length > 1 &&
      html`<${Windows} ...${{ state, windows, latest, marked }} shown=${shown.key} onChoose=${setChosen} />`
    }
    ${
      isPrinting
        ? windows.map(
            (window) =>
              html`<section class="sheet" key=${window.key}>
                ${windows.length > 1 && html`<h2>${windowName(window)}</h2>`}
                <${BracketTree} state=${state} window=${window} />
              </section>`,
          )
        : html`<${BracketTree} key=${shown.key} state=${state} window=${shown} marked=${marked} now=${now} />`
    }
  </section>`;
}

// The teams whose way is shown: those that were looked for, else the one that the mouse points at.
function markedOf(found, pointed) {
  if (found.length) return new Set(found.map(({ id }) => id));
  return pointed === null ? null : new Set([pointed]);
}

// Brings a place into view and the focus to its link, after it was drawn.
function useSeen(list, goal) {
  useEffect(() => {
    const slot = goal && list.current.querySelector(`[data-place="${goal.round}:${goal.position}"]`);
    if (!slot) return;
    slot.scrollIntoView({ block: "center", inline: "center" });
    const link = slot.querySelector("a");
    if (link && !list.current.querySelector("input:focus")) link.focus({ preventScroll: true });
  }, [goal]);
}

const windowName = ({ key }) => (key === LAST ? t("bracket.last_16") : t("bracket.section", { number: key }));

// The parts of a large bracket: who came out of each, where it is played now, and where those are that were looked for.
function Windows({ state, windows, latest, marked, shown, onChoose }) {
  const isMarkedIn = (window) =>
    marked &&
    Object.entries(state.places).some(([key, place]) => {
      const [round, position] = key.split(":").map(Number);
      return (marked.has(place.home) || marked.has(place.away)) && isInside(window, { round, position });
    });
  const button = (window) => {
    const { match: id } = state.places[`${window.round}:${window.position}`] || {};
    const winner = window.key !== LAST && state.matches[id] && state.teams[state.matches[id].winner];
    const isNow = latest && latest.status === "playing" && isInside(window, latest);
    return html`<button
      key=${window.key}
      aria-pressed=${String(window.key === shown)}
      data-way=${isMarkedIn(window)}
      onClick=${() => onChoose(window.key)}
    >
      ${isNow && html`<span class="now-mark" role="img" aria-label=${t("match.now")}>●</span>`}
      ${windowName(window)}${winner && html`<bdi class="window-winner" title=${winner.name}>${winner.name}</bdi>`}
    </button>`;
  };
  return html`<nav class="windows" aria-label=${t("bracket.parts")}>
    ${windows.map(button)}
    <button aria-pressed=${String(shown === WHOLE)} onClick=${() => onChoose(WHOLE)}>${t("bracket.whole")}</button>
  </nav>`;
}

// What became of a team, in a line.
function Way({ state, team }) {
  const met = inOrder(state.matches).filter(
    (match) => match.status === "done" && match.away && [match.home, match.away].includes(team.id),
  );
  const won = met.filter((match) => match.winner === team.id).length;
  const last = met.at(-1);
  const isOut = last && last.winner && last.winner !== team.id;
  return html`<p class="way">
    ${say("bracket.way", { name: team.name, won, n: met.length })}
    ${isOut && [" ", say("bracket.lost_to", { name: nameOf(state, last.winner), points: last.points.join(" : ") })]}
    ${" "}<a href=${teamLink(team.name)}>${t("bracket.team_page")}</a>
  </p>`;
}

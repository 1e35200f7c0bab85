// The bracket of a tournament, or the table of what is played in its place.
import { useEffect, useState } from "preact/hooks";
import { html } from "arena/html.js";
import { useArrowKeys } from "arena/views/arrow_keys.js";
import { Sheets, Way, Windows } from "arena/views/bracket_parts.js";
import { BracketTree } from "arena/views/bracket_tree.js";
import { WHOLE, wholeOf, windowsOf, windowWith } from "arena/views/bracket_windows.js";
import { inOrder } from "arena/views/match_words.js";
import { usePrinting } from "arena/views/printing.js";
import { folded, SearchField } from "arena/views/search_field.js";
import { Standings } from "arena/views/standings.js";
import { t } from "arena/words.js";

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

// The part of the bracket that is shown: the one that was chosen, else the one with what is played.
function useWindow(rounds, windows, latest, list) {
  const [chosen, setChosen] = useState(null); // the key of a window
  const [goal, setGoal] = useState(null); // the place to be seen, {round, position}
  const ofKey = windows.find(({ key }) => key === chosen) || windowWith(windows, latest);
  const shown = chosen === WHOLE ? wholeOf(rounds) : ofKey;
  const show = (place) => {
    if (chosen !== WHOLE) setChosen(windowWith(windows, place).key);
    setGoal({ ...place });
  };
  useSeen(list, goal);
  return { shown, choose: setChosen, show };
}

// The teams whose names hold what is typed, and the way from one to the next.
function useSearch(state, show) {
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(null); // the team that was jumped to, by its id
  const wanted = folded(typed);
  const found = wanted ? Object.values(state.teams).filter(({ name }) => folded(name).includes(wanted)) : [];
  const jump = () => {
    if (!found.length) return;
    const next = found[(found.findIndex(({ id }) => id === at) + 1) % found.length];
    const place = furthest(state, next.id);
    setAt(next.id);
    if (place) show(place);
  };
  return { typed, setTyped, found, jump };
}

// The teams whose way is shown: those that were looked for, else the one that the mouse points at; and what follows
// the mouse.
function useMarked(found) {
  const [pointed, setPointed] = useState(null); // the team's id
  const point = ({ target }) => {
    const row = target.closest("[data-team]");
    setPointed(row ? Number(row.dataset.team) : null);
  };
  const ids = found.length ? found.map(({ id }) => id) : [pointed];
  return { marked: found.length || pointed !== null ? new Set(ids) : null, point };
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

export function Bracket({ state, title }) {
  const windows = windowsOf(state.rounds.length);
  const latest = latestOf(state);
  const list = useArrowKeys();
  const { shown, choose, show } = useWindow(state.rounds.length, windows, latest, list);
  const { typed, setTyped, found, jump } = useSearch(state, show);
  const { marked, point } = useMarked(found);
  const isPrinting = usePrinting();
  const now = state.stage && state.stage.match;
  return html`<section class="list bracket-view" ref=${list} onPointerOver=${point}>
    <div class="heading">
      ${title}
      <${SearchField} value=${typed} onInput=${setTyped} onEnter=${jump} found=${found.length} />
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
      html`<${Windows} ...${{ state, windows, latest, marked }} shown=${shown.key} onChoose=${choose} />`
    }
    ${
      isPrinting
        ? html`<${Sheets} state=${state} windows=${windows} />`
        : html`<${BracketTree} key=${shown.key} state=${state} window=${shown} marked=${marked} now=${now} />`
    }
  </section>`;
}

// What stands around a bracket: its parts to choose from, a team's way in words, and all of it for paper.
import { html } from "arena/html.js";
import { nameOf } from "arena/stage/reading.js";
import { BracketTree } from "arena/views/bracket_tree.js";
import { isInside, LAST, WHOLE } from "arena/views/bracket_windows.js";
import { inOrder, pointsOf } from "arena/views/match_words.js";
import { teamLink } from "arena/views/team_name.js";
import { say, t } from "arena/words.js";

const windowName = ({ key }) => (key === LAST ? t("bracket.last_16") : t("bracket.section", { number: key }));

// The parts of a large bracket: who came out of each, where it is played now, and where those are that were looked for.
export function Windows({ state, windows, latest, marked, shown, onChoose }) {
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
export function Way({ state, team }) {
  const met = inOrder(state.matches).filter(
    (match) => match.status === "done" && match.away && [match.home, match.away].includes(team.id),
  );
  const won = met.filter((match) => match.winner === team.id).length;
  const last = met.at(-1);
  const isOut = last && last.winner && last.winner !== team.id;
  return html`<p class="way">
    ${say("bracket.way", { name: team.name, won, n: met.length })}
    ${isOut && [" ", say("bracket.lost_to", { name: nameOf(state, last.winner), points: pointsOf(last) })]} ${" "}<a
      href=${teamLink(team.name)}
      >${t("bracket.team_page")}</a
    >
  </p>`;
}

// Each part on a sheet of its own.
export function Sheets({ state, windows }) {
  return windows.map(
    (window) =>
      html`<section class="sheet" key=${window.key}>
        ${windows.length > 1 && html`<h2>${windowName(window)}</h2>`}
        <${BracketTree} state=${state} window=${window} />
      </section>`,
  );
}

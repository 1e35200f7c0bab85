// A part of the bracket: rounds side by side, each match between the two that lead to it.
import { html } from "arena/html.js";
import { roundName, SIDES } from "arena/stage/reading.js";
import { positionsOf } from "arena/views/bracket_windows.js";
import { MatchBox } from "arena/views/match_box.js";
import { t } from "arena/words.js";

const MOST_LARGE = 8; // matches below each other, of which each has room for a large box

const ROUNDS_BESIDE = 2;

// The window around a match for the side of a stage: two rounds, and of them what leads to the same match.
export function windowAround(rounds, match) {
  const total = rounds.length;
  const last = Math.min((match ? match.round : 0) + ROUNDS_BESIDE - 1, total - 1);
  const position = match ? match.position >> (last - match.round) : 0;
  return { key: "around", round: last, position, first: Math.max(0, last - ROUNDS_BESIDE + 1) };
}

function markedSide(place, marked) {
  const sides = marked ? SIDES.map(({ key }) => key).filter((key) => marked.has(place[key])) : [];
  return sides.length === 2 ? "both" : sides[0] || "";
}

// "Final · sum of 3 rounds"
function titleOf(state, round) {
  const n = state.rounds[round].teams === 2 ? state.rules.rounds.final : 1;
  return [roundName(state, round), n > 1 && t("match.sum_of", { n })].filter(Boolean).join(" · ");
}

// `marked`: a Set of teams' ids whose way is shown, or null; `now`: id of the match that is played.
export function BracketTree({ state, window, marked, now }) {
  const columns = [];
  for (let round = window.first; round <= window.round; round++) {
    const [from, to] = positionsOf(window, round);
    const boxes = [];
    for (let position = from; position < to; position++) {
      const place = state.places[`${round}:${position}`] || {};
      const match = state.matches[place.match];
      boxes.push(
        html`<li class="slot" key=${position} data-place=${`${round}:${position}`}>
          <${MatchBox}
            match=${match}
            home=${state.teams[place.home]}
            away=${state.teams[place.away]}
            isBye=${Boolean(place.bye)}
            isNow=${Boolean(match) && match.id === now && match.status === "playing"}
            marked=${markedSide(place, marked)}
          />
        </li>`,
      );
    }
    columns.push(
      html`<section class="column" key=${round}>
        <h3>${titleOf(state, round)}</h3>
        <ol class="slots">
          ${boxes}
        </ol>
      </section>`,
    );
  }
  const [from, to] = positionsOf(window, window.first);
  return html`<div class="bracket" data-size=${to - from > MOST_LARGE ? "compact" : "large"}>${columns}</div>`;
}

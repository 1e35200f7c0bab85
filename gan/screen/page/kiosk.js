// A screen that nobody attends: the stage while something is played; between two matches and in quiet moments it takes
// turns with the bracket and the ratings. Turns follow the server's clock, so that all screens of a hall show the same.
import { html } from "arena/html.js";
import { useNow } from "arena/clock.js";
import { connectionLine } from "arena/header.js";
import { matchOnStage } from "arena/stage/reading.js";
import { nextPair } from "arena/stage/strip.js";
import { found } from "arena/views/routes.js";
import { t } from "arena/words.js";

const QUIET = ["draw", "countdown", "frozen", "champion", "over"];
const RESULTS = ["won", "toss_up", "drawn", "forfeit", "annulled"]; // the next match may begin at any time
const BRACKET = "bracket"; // addresses; that of the stage is empty
const RATINGS = "ratings";
const TURNS = ["", "", BRACKET, RATINGS];
const TURN_SECONDS = 12;
const HEAD_SECONDS = 15; // of something new, before the turns begin
const RESULT_SECONDS = 5.5; // of a result; the next match follows after 5, or after a pause (gan/screen/pacing.py)
const RATINGS_EVERY = 3; // matches; after the others it is the bracket's turn

const isFilled = (state, turn) => {
  const parts = { [BRACKET]: [state.rounds, state.standings], [RATINGS]: [state.ratings] }[turn];
  return !parts || parts.some((part) => Object.keys(part || {}).length > 0);
};

function wantedTurn(state, now) {
  const { view, since = 0 } = state.stage;
  const isResult = RESULTS.includes(view);
  const head = isResult ? RESULT_SECONDS : HEAD_SECONDS;
  if ((!isResult && !QUIET.includes(view)) || now - since < head) return "";
  if (isResult && now - since < head + TURN_SECONDS) {
    const { number = 1 } = matchOnStage(state) || {};
    return number % RATINGS_EVERY ? BRACKET : RATINGS;
  }
  return TURNS[Math.floor(now / TURN_SECONDS) % TURNS.length];
}

// The address of what a kiosk shows; that of a list only if there is something on it.
export function turnOf(state, now) {
  const turn = wantedTurn(state, now);
  return isFilled(state, turn) ? turn : "";
}

export function Kiosk({ state, isConnected }) {
  const now = useNow(0.5);
  const turn = turnOf(state, now);
  const { View } = found(turn);
  return html`${turn && html`<${Line} state=${state} isConnected=${isConnected} />`}
    <${View} key=${turn} state=${state} isConnected=${isConnected} params=${{}} />`;
}

// Beside a list: what it is of, and what comes next; or that it is old.
function Line({ state, isConnected }) {
  const { event, stage } = state;
  const wrong = connectionLine(state, isConnected);
  if (wrong) return html`<p class="kiosk-line wrong" role="alert">${wrong}</p>`;
  return html`<p class="kiosk-line">
    <bdi>${event.name}</bdi>
    ${event.num_matches > 1 && [" · ", t("stage.told", { told: event.matches_told || 0, of: event.num_matches })]}
    ${stage.next && [" · ", t("stage.next"), ": ", nextPair(state)]}
  </p>`;
}

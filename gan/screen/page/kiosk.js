// A screen that nobody attends: the stage while something is played; in quiet moments it takes turns with the bracket
// and the ratings. The turns follow the server's clock, so that all screens of a hall show the same.
import { html } from "arena/html.js";
import { useNow } from "arena/clock.js";
import { found } from "arena/views/routes.js";

const QUIET = ["draw", "countdown", "frozen", "champion", "over"];
const TURNS = ["", "", "bracket", "ratings"]; // addresses; the stage has two turns of four
const TURN_SECONDS = 12;
const HEAD_SECONDS = 15; // of something new, before the turns begin

export function turnOf(state, now) {
  const { view, since } = state.stage;
  if (!QUIET.includes(view) || now - (since || 0) < HEAD_SECONDS) return "";
  return TURNS[Math.floor(now / TURN_SECONDS) % TURNS.length];
}

export function Kiosk({ state, isConnected }) {
  const now = useNow(1);
  const turn = turnOf(state, now);
  const { View } = found(turn);
  return html`<${View} key=${turn} state=${state} isConnected=${isConnected} params=${{}} />`;
}

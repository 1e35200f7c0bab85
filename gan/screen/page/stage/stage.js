// The stage: what the hall looks at together. Each state of the arena has a scene of its own.
import { html } from "arena/html.js";
import { Countdown, Draw, Nothing, Opening, Over } from "arena/stage/before.js";
import { Failed, FaceScene, Between, Meets, Timing } from "arena/stage/playing.js";
import { matchOnStage } from "arena/stage/reading.js";
import { Champion, Result, Stopped } from "arena/stage/result.js";
import { Strip } from "arena/stage/strip.js";
import { momentOf } from "arena/time.js";
import { t, told } from "arena/words.js";

const SCENES = {
  nothing: Nothing,
  opening: Opening,
  draw: Draw,
  countdown: Countdown,
  meets: Meets,
  face: FaceScene,
  between: Between,
  failed: Failed,
  timing: Timing,
  won: Result,
  toss_up: Result,
  drawn: Result,
  forfeit: Result,
  annulled: Stopped,
  held: Stopped,
  champion: Champion,
  over: Over,
};

export function Stage({ state, isConnected }) {
  const { view } = state.stage;
  return html`<section class="stage" data-view=${view} aria-label=${t("stage.stage")}>
    <${Strip} state=${state} />
    <${Warning} state=${state} isConnected=${isConnected} />
    <${SCENES[sceneOf(state)]} state=${state} />
  </section>`;
}

// Frozen, or without the store, the stage keeps what was last to be seen.
function sceneOf(state) {
  const { view } = state.stage;
  const match = matchOnStage(state);
  if (view === "over" && match && match.status === "done") return "won";
  if (view in SCENES) return view;
  if (!state.event) return "nothing";
  if (!match) return Object.keys(state.standings || {}).length ? "over" : "nothing";
  if (match.status === "annulled" || match.status === "held") return match.status;
  if (match.status === "done") return "won";
  return state.half_round ? "between" : "meets";
}

// What must be known whatever else is shown.
function Warning({ state, isConnected }) {
  const { event, stage } = state;
  const frozen = event && event.frozen;
  if (isConnected === false) return html`<p class="warning">${t("app.no_connection")}</p>`;
  if (state.problem && state.problem !== "no_arena") return html`<p class="warning">${t(`problem.${state.problem}`)}</p>`;
  if (!frozen) return null;
  const since = frozen.at || stage.since;
  return html`<p class="warning">
    <strong>${t("stage.frozen")}</strong> ${told(frozen.reason)}
    ${since && html` <span class="since">${t("stage.since", { time: momentOf(since, event.time_zone) })}</span>`}
  </p>`;
}

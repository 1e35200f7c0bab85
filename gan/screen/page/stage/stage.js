// The stage: what the hall looks at together. Each state of the arena has a scene of its own.
import { html } from "arena/html.js";
import { Countdown, Draw, Frozen, Nothing, Opening, Over, Problem } from "arena/stage/before.js";
import { Failed, FaceScene, Between, Meets, Timing } from "arena/stage/playing.js";
import { matchOnStage } from "arena/stage/reading.js";
import { Champion, Result, Stopped } from "arena/stage/result.js";
import { Strip } from "arena/stage/strip.js";
import { t } from "arena/words.js";

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
  frozen: Frozen,
  champion: Champion,
  over: Over,
};

export function Stage({ state, isConnected }) {
  const Scene = sceneOf(state);
  return html`<section class="stage" data-view=${state.stage.view} aria-label=${t("stage.stage")}>
    ${warningOf(state, isConnected) || html`<${Strip} state=${state} />`}
    <${Scene} state=${state} />
  </section>`;
}

// Without the store, the stage keeps what was last to be seen.
function sceneOf(state) {
  const { view } = state.stage;
  const match = matchOnStage(state);
  if (view === "over" && match && match.status === "done") return Result;
  if (view in SCENES) return SCENES[view];
  if (!match) return view === "problem" ? Problem : Nothing;
  if (match.status === "annulled" || match.status === "held") return Stopped;
  if (match.status === "done") return Result;
  return state.half_round ? FaceScene : Meets;
}

// What must be known whatever else is shown, in place of the line at the top.
function warningOf(state, isConnected) {
  const isUnread = state.problem && state.problem !== "no_arena";
  if (isConnected !== false && !isUnread) return null;
  return html`<p class="warning" role="alert">
    ${t(isConnected === false ? "app.no_connection" : `problem.${state.problem}`)}
  </p>`;
}

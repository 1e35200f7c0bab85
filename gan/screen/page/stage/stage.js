// The stage: what the hall looks at together. Each state of the arena has a scene of its own.
import { useEffect } from "preact/hooks";
import { announce } from "arena/announce.js";
import { html } from "arena/html.js";
import { Countdown, Draw, Frozen, Nothing, Opening, Over, Problem } from "arena/stage/before.js";
import { Failed, FaceScene, Between, Meets, Timing } from "arena/stage/playing.js";
import { matchOnStage, nameOf } from "arena/stage/reading.js";
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

export function Stage({ state, isConnected, isReplay }) {
  const Scene = sceneOf(state);
  const news = newsOf(state);
  useEffect(() => {
    if (!isReplay) announce(news);
  }, [news]);
  return html`<section class="stage" data-view=${state.stage.view} aria-label=${t("stage.stage")}>
    ${(Scene !== Problem && warningOf(state, isConnected)) || html`<${Strip} state=${state} />`}
    <${Scene} state=${state} />
  </section>`;
}

// What is new, for those who listen: each match, each half round, each result; not each face.
function newsOf(state) {
  const { stage, half_round: half } = state;
  const match = matchOnStage(state);
  const names = match && { home: nameOf(state, match.home), away: nameOf(state, match.away) };
  if (stage.view === "champion") return t("overlay.champion", { team: nameOf(state, state.event.champion) });
  if (!match) return "";
  if (stage.view === "meets") return t("stage.pair", names);
  if (stage.view === "between" && half)
    return t("stage.half_told", { judge: nameOf(state, half.discriminator), right: half.right, of: half.judged });
  if (stage.view === "failed" && half) return failureNews(state, half);
  if (stage.view === "timing") return t("stage.timing", names);
  if (match.winner) return `${t("overlay.wins", { team: nameOf(state, match.winner) })}, ${match.points.join(" : ")}`;
  return "";
}

function failureNews(state, half) {
  const [judge, drawer] = [nameOf(state, half.discriminator), nameOf(state, half.generator)];
  if (half.discriminator_fault) return t("stage.discriminator_lost", { team: judge });
  return t("stage.generator_gave", { team: drawer, judge, n: half.points ?? state.rules.points_of_half_round });
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

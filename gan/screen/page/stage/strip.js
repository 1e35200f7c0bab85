// The line at the top of the stage: what is played, and how far the event has got.
import { html } from "arena/html.js";
import { matchOnStage, nameOf, progressOf, roundName, roundNow } from "arena/stage/reading.js";
import { say, t } from "arena/words.js";

const WITH_ROUND = ["meets", "face", "between", "failed", "timing", "won", "toss_up", "drawn", "forfeit", "annulled", "held"];
const WITH_HALF = ["face", "between", "failed", "timing"];

// "Round 2 of 3"
export const roundOf = (match, round) => t("stage.round_of", { n: round + 1, of: match.num_rounds });

export function Strip({ state }) {
  const { event, stage } = state;
  const match = matchOnStage(state);
  if (!event) return html`<div class="strip"><p class="what">${t("app.title")}</p></div>`;
  const isOfMatch = match && WITH_ROUND.includes(stage.view);
  const round = isOfMatch ? roundNow(match, WITH_HALF.includes(stage.view) && state.half_round) : -1;
  const again = isOfMatch && match.attempt > 1 && ` · ${t("stage.attempt", { n: match.attempt })}`;
  return html`<div class="strip">
    <p class="event"><bdi>${event.name}</bdi></p>
    <p class="what">${isOfMatch ? [roundName(state, match.round), round >= 0 && ` · ${roundOf(match, round)}`, again] : t(`mode.${event.mode}`)}</p>
    <p class="progress">${isOfMatch ? progressOf(state, match) : ""}</p>
    ${event.num_matches > 1 &&
    html`<progress
      class="told"
      max=${event.num_matches}
      value=${event.matches_told || 0}
      aria-label=${t("stage.told", { told: event.matches_told || 0, of: event.num_matches })}
    ></progress>`}
  </div>`;
}

// "Next: A – B"
export function Next({ state }) {
  if (!state.stage.next) return null;
  return html`<p class="next"><span class="label">${t("stage.next")}</span> ${nextPair(state)}</p>`;
}

export const nextPair = (state) => {
  const { home, away } = state.stage.next;
  return say("stage.pair", { home: nameOf(state, home), away: nameOf(state, away) });
};

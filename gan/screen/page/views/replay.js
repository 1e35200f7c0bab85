// The replay of a match: the stage, step by step, with controls.
import { useEffect, useMemo, useState } from "preact/hooks";
import { html } from "arena/html.js";
import { source } from "arena/source.js";
import { nameOf } from "arena/stage/reading.js";
import { Stage } from "arena/stage/stage.js";
import { useAsked } from "arena/views/asked.js";
import { HalfRounds } from "arena/views/half_rounds.js";
import { inOrder } from "arena/views/match_words.js";
import { ReplayControls } from "arena/views/replay_controls.js";
import { halfAt, secondsOf, startsOf, stateAt } from "arena/views/replay_steps.js";
import { say, t } from "arena/words.js";

const isStill = matchMedia("(prefers-reduced-motion: reduce)");

export function ReplayView({ state, params }) {
  const id = Number(params.id);
  const known = (state.matches || {})[id];
  // A match that is being shown grows by its half rounds; one that is over changes if it is annulled.
  const onStage = state.stage && state.stage.match === id && state.stage.half_round;
  const { answer: match, isMissing } = useAsked(
    () => source.get(`matches/${id}`),
    [id, known && known.status, onStage].join(),
  );
  const isOfLatest = Boolean(match && state.event && match.event === state.event.id);
  const { answer: other } = useAsked(
    () => (match && !isOfLatest ? source.get(`events/${match.event}`) : Promise.resolve(null)),
    [match && match.event, isOfLatest].join(),
  );
  const event = isOfLatest ? state : other;
  if (!match || !event)
    return html`<section class="list">
      <h1>${t("replay.controls")}</h1>
      <p class="empty">${t(isMissing ? "replay.missing" : "app.loading")}</p>
    </section>`;
  return html`<${Replay} match=${match} state=${event} />`;
}

// The step that is shown, and whether it goes on by itself.
function usePlayer(match, starts) {
  const total = starts.at(-1);
  const [step, setStep] = useState(0);
  const [isPlaying, setPlaying] = useState(!isStill.matches && total > 0);
  const [speed, setSpeed] = useState(1);
  const goTo = (next) => {
    const within = Math.max(0, Math.min(total, next));
    setStep(within);
    if (within === total) setPlaying(false);
  };
  useEffect(() => {
    if (!isPlaying) return undefined;
    const timer = setTimeout(() => goTo(step + 1), (1000 * secondsOf(match, starts, step)) / speed);
    return () => clearTimeout(timer);
  }, [step, isPlaying, speed, match]);
  const toggle = () => {
    if (!isPlaying && step === total) setStep(0);
    setPlaying(!isPlaying && total > 0);
  };
  const goToHalf = (by) => goTo(starts[Math.max(0, Math.min(starts.length - 1, halfAt(starts, step) + by))]);
  return { step, total, isPlaying, speed, setSpeed, goTo, goToHalf, toggle };
}

function Replay({ match, state }) {
  const starts = useMemo(() => startsOf(match), [match]);
  const player = usePlayer(match, starts);
  const shown = useMemo(() => stateAt(state, match, starts, player.step), [state, match, starts, player.step]);
  const names = { home: nameOf(state, match.home), away: nameOf(state, match.away) };
  return html`<section class="replay">
    <h1 class="replay-title">
      <a href=${`#/event/${state.event.id}`}><bdi>${state.event.name}</bdi></a> <span>${say("replay.of", names)}</span>
    </h1>
    <${Stage} state=${shown} isConnected=${true} isReplay=${true} />
    ${player.total > 0 && html`<${ReplayControls} player=${player} />`}
    <${Neighbours} match=${match} state=${state} />
    <${HalfRounds} match=${match} state=${state} onChoose=${(index) => player.goTo(starts[index])} />
  </section>`;
}

function Neighbours({ match, state }) {
  const played = inOrder(state.matches).filter((one) => one.away);
  const at = played.findIndex(({ id }) => id === match.id);
  const link = (one, word) => one && html`<a href=${`#/match/${one.id}`}>${t(word)}</a>`;
  return html`<nav class="neighbours" aria-label=${t("nav.matches")}>
    ${link(played[at - 1], "replay.before")} ${link(played[at + 1], "replay.after")}
    <a href="#/">${t("nav.live")}</a>
    ${
      source.isLive &&
      match.status !== "playing" &&
      html`<a href=${`api/v1/matches/${match.id}/replay`} download>${t("replay.download")}</a>`
    }
  </nav>`;
}

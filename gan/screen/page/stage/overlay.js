// The lower third of a picture, over a clear background: for streaming software that lays it over its camera.
import { connectionLine } from "arena/header.js";
import { html } from "arena/html.js";
import { Bar, SIGNS, verdictOf } from "arena/stage/faces.js";
import { Fit } from "arena/stage/fit.js";
import { Name } from "arena/stage/names.js";
import { remaining } from "arena/stage/before.js";
import { failureLine, kindOf, stoppedWhy } from "arena/stage/result.js";
import { useNow } from "arena/clock.js";
import { roundOf } from "arena/stage/strip.js";
import { isTold, judgeSide, matchOnStage, nameOf, progressOf, ranked, roundName, roundNow, saidOf, SIDES } from "arena/stage/reading.js";
import { say, t, told } from "arena/words.js";

export function Overlay({ state, isConnected }) {
  const match = matchOnStage(state);
  const wrong = connectionLine(state, isConnected);
  return html`<section class="lower" data-view=${state.stage.view}>
    <p class="caption">${captionOf(state, match)}${wrong && html` · <strong class="wrong" role="alert">${wrong}</strong>`}</p>
    ${match && html`<div class="line">${sideOf(state, match, 0)}<${Middle} state=${state} />${sideOf(state, match, 1)}</div>`}
    ${!match && html`<${Sentence} state=${state} />`}
  </section>`;
}

function captionOf(state, match) {
  if (!state.event) return t("app.title");
  const name = html`<bdi>${state.event.name}</bdi>`;
  if (!match) return name;
  const round = roundNow(match, state.half_round);
  const parts = [roundName(state, match.round), round >= 0 && roundOf(match, round), progressOf(state, match)];
  return [name, ...parts.filter(Boolean).map((part) => ` · ${part}`)];
}

function sideOf(state, match, index) {
  const { key, sign } = SIDES[index];
  const half = state.stage.view === "face" && state.half_round;
  const isJudge = half && judgeSide(half, state.rules) === index;
  return html`<div class=${`end ${key}${isJudge ? " judge" : ""}`}>
    <${Fit} class="team"><span aria-hidden="true">${sign}</span> <${Name}>${nameOf(state, match[key])}<//><//>
    <p class="points">${match.num_rounds > 1 && html`<span class="points-of">${t("stage.sum")}</span>`}${match.points[index]}</p>
  </div>`;
}

// The face that is being judged, or what there is to say.
function Middle({ state }) {
  const { half_round: half, cards, rules, stage } = state;
  const card = stage.view === "face" && half && half.shown ? (cards || {})[half.shown - 1] : null;
  if (!card) return html`<div class="center"><${Sentence} state=${state} /></div>`;
  const said = saidOf(card, rules);
  const verdict = verdictOf(said);
  const side = SIDES[judgeSide(half, rules)].key;
  return html`<div class=${`center ${side}`}>
    <img class="pixels" src=${card.image} alt="" />
    <div>
      <${Fit} tag="p" class=${`verdict ${verdict}`}>
        ${isTold(card)
          ? [SIGNS[verdict] || "", t("stage.it_is"), t(card.truth === 1 ? "stage.real" : "stage.generated")].join(" ")
          : t("stage.which")}
      <//>
      <${Bar} card=${card} said=${said} rules=${rules} judge=${nameOf(state, half.discriminator)} />
    </div>
  </div>`;
}

const WON = ["won", "toss_up", "forfeit", "over"];

// How a match was won, in a word more than by points.
const WINS = {
  by_time: "overlay.by_time",
  toss_up: "overlay.toss_up",
  by_fault: "overlay.by_fault",
  by_seeding: "overlay.by_seeding",
  forfeit: "overlay.forfeit",
  disqualified: "overlay.disqualified",
};

const winLine = (state, match) => say(WINS[kindOf(state, match)] || "overlay.wins", { team: nameOf(state, match.winner) });

function Sentence({ state }) {
  const now = useNow(1);
  return html`<${Fit} class="sentence">${sentenceOf(state, now)}<//>`;
}

function sentenceOf(state, now) {
  const { stage, event } = state;
  const match = matchOnStage(state);
  if (stage.view === "champion") return say("overlay.champion", { team: nameOf(state, event.champion) });
  if (stage.view === "countdown") return [t("stage.next_battle"), " ", html`<strong>${remaining((stage.until || now) - now)}</strong>`];
  if (stage.view === "problem") return t("problem.store_unreadable");
  if (stage.view === "frozen") return [t("stage.frozen"), told((event.frozen || stage).reason)].filter(Boolean).join(": ");
  if (match && match.winner && WON.includes(stage.view)) return winLine(state, match);
  if (match && stage.view === "timing") return t("stage.who_is_faster");
  if (match && ["annulled", "held"].includes(stage.view)) return `${t(`stage.kind.${stage.view}`)}: ${stoppedWhy(match)}`;
  if (match && stage.view === "drawn") return t("stage.kind.drawn");
  if (stage.view === "failed") return failureLine(state, match, failedIn(state.half_round, state.rules));
  if (stage.view === "between") return halfLine(state);
  if (stage.view === "opening") return `${t("stage.opening")}: ${event.teams_opened || 0} / ${event.num_teams}`;
  if (stage.view === "draw") return t("stage.draw", { n: Object.keys(state.teams || {}).length });
  if (stage.view === "over") return overLine(state);
  return match ? t("stage.versus") : t("stage.nothing");
}

const failedIn = (half, rules) => ({
  network: half.discriminator_fault ? "discriminator" : "generator",
  team: half.discriminator_fault ? half.discriminator : half.generator,
  judge: judgeSide(half, rules),
});

function halfLine(state) {
  const { half_round: half } = state;
  return say("stage.half_told", { judge: nameOf(state, half.discriminator), right: half.right, of: half.judged });
}

function overLine(state) {
  const [first] = state.event.mode === "league" ? ranked(state.standings) : [];
  if (first) return say("overlay.league", { team: nameOf(state, first[0]) });
  return say("stage.over", { event: state.event.name });
}

// The two teams of a match, with what each does now and how many points it has.
import { html } from "arena/html.js";
import { Fit } from "arena/stage/fit.js";
import { Name } from "arena/stage/names.js";
import { failuresOf, judgeSide, nameOf, pointsOfRounds, roundNow, SIDES } from "arena/stage/reading.js";
import { standingLines } from "arena/stage/standing.js";
import { say, t } from "arena/words.js";

export function Scoreboard({ state, match, half, isOver }) {
  const judge = half && !isOver ? judgeSide(half, state.rules) : null;
  const lines = standingLines(state, match, half);
  return html`<div class="scoreboard">
    <h1 class="unseen">${say("stage.pair", { home: nameOf(state, match.home), away: nameOf(state, match.away) })}</h1>
    ${side({ state, match, half, judge, lines }, 0)}
    <div class="middle"><${Middle} state=${state} match=${match} half=${half} isOver=${isOver} /></div>
    ${side({ state, match, half, judge, lines }, 1)}
  </div>`;
}

function side({ state, match, half, judge, lines }, index) {
  const { key, sign } = SIDES[index];
  const isJudge = judge === index;
  const draws = half && half.number % 2 ? "stage.draws_second" : "stage.draws_first";
  const job = judge === null ? "" : t(isJudge ? "stage.judges" : draws);
  return html`<section class=${`side ${key}${isJudge ? " judge" : ""}`}>
    <p class="job">${job}</p>
    <${Fit} class="team"><span class="sign" aria-hidden="true">${sign}</span> <${Name}>${nameOf(state, match[key])}<//><//>
    ${match.num_rounds > 1 && html`<p class="points-of">${t("stage.sum")}</p>`}
    <p class="points">${match.points[index]}</p>
    ${lines[index]
      ? html`<${Fit} tag="p" class="needs">${lines[index]}<//>`
      : html`<${Fit} tag="p" class="judged">${judgedLine(state, match, index)}<//>`}
  </section>`;
}

// How many faces a side has judged. Of a half in which a network failed, none were: then why it has its points.
function judgedLine(state, match, index) {
  const half = state.rules.points_of_half_round;
  const failed = failuresOf(state, match).filter((one) => one.judge === index);
  const given = failed.filter((one) => one.network === "generator").length * half;
  if (given) return t("stage.given", { n: given });
  const judged = match.judged[index] - failed.length * half;
  if (judged > 0) return t("stage.judged", { n: judged });
  return t(failed.length ? "stage.judged_none" : "stage.not_yet");
}

const HALVES = ["stage.first_half", "stage.second_half"];
const HALVES_OVER = ["stage.half_time", "stage.full_time"];

// Which part of the match this is; of a match of several rounds, the points of each, and their sum.
function Middle({ state, match, half, isOver }) {
  if (match.num_rounds > 1) return html`<${Rounds} state=${state} match=${match} half=${half} />`;
  return html`<p class="part">${half ? t((isOver ? HALVES_OVER : HALVES)[half.number % 2]) : t("stage.versus")}</p>`;
}

function Rounds({ state, match, half }) {
  const now = roundNow(match, half);
  return html`<p class="label">${now >= 0 ? t(`${HALVES[half.number % 2]}_of`, { n: now + 1 }) : t("stage.rounds")}</p>
    <ol class="rounds" aria-label=${t("stage.rounds")}>
      ${pointsOfRounds(match, half, state.rules).map(
        (pair, round) => html`<li key=${round} aria-current=${round === now ? "step" : null}>
          <span class="no">${t("stage.round_n", { n: round + 1 })}</span>
          <span class="pair">${pair.map((one) => one ?? "–").join(" : ")}</span>
        </li>`,
      )}
    </ol>
    <p class="sum-of"><span>${t("stage.sum")}</span> <span class="pair">${match.points.join(" : ")}</span></p>`;
}

// The two teams of a match, with what each does now and how many points it has.
import { html } from "arena/html.js";
import { Fit } from "arena/stage/fit.js";
import { Name } from "arena/stage/names.js";
import { failuresOf, judgeSide, nameOf, pointsOfRounds, SIDES } from "arena/stage/reading.js";
import { say, t } from "arena/words.js";

export function Scoreboard({ state, match, half, isOver }) {
  const judge = half && !isOver ? judgeSide(half, state.rules) : null;
  return html`<div class="scoreboard">
    <h1 class="unseen">${say("stage.pair", { home: nameOf(state, match.home), away: nameOf(state, match.away) })}</h1>
    ${side(state, match, half, 0, judge)}
    <div class="middle"><${Middle} state=${state} match=${match} half=${half} /></div>
    ${side(state, match, half, 1, judge)}
  </div>`;
}

function side(state, match, half, index, judge) {
  const { key, sign } = SIDES[index];
  const job = judge === null ? "" : t(judge === index ? "stage.judges" : "stage.draws");
  const isJudge = judge === index;
  return html`<section class=${`side ${key}${isJudge ? " judge" : ""}`}>
    <p class="job">${job}</p>
    <${Fit} class="team"><span class="sign" aria-hidden="true">${sign}</span> <${Name}>${nameOf(state, match[key])}<//><//>
    <${Fit} tag="p" class="needs">${standing(match, half, index)}<//>
    <p class="points">${match.points[index]}</p>
    <p class="judged">${judgedLine(state, match, index)}</p>
  </section>`;
}

// How many faces a side has judged. Of a half in which a network failed, none were.
function judgedLine(state, match, index) {
  const failed = failuresOf(state, match).filter((one) => one.judge === index).length;
  const judged = match.judged[index] - failed * state.rules.points_of_half_round;
  if (judged > 0) return t("stage.judged", { n: judged });
  return t(failed ? "stage.after_failure" : "stage.not_yet");
}

// What a side's points mean now. Points of sides that have judged unequally many faces are not compared.
function standing(match, half, index) {
  const needs = half && half.needs;
  const team = match[SIDES[index].key];
  if (needs && needs.team === team) return t("stage.needs", { n: needs.to_win, of: needs.of });
  if (needs && needs.decided === team) return t("stage.decided");
  if (needs || match.judged[0] !== match.judged[1]) return "";
  const ahead = match.points[index] - match.points[1 - index];
  return ahead > 0 && match.status === "playing" ? t("stage.leads", { n: ahead }) : "";
}

const HALVES = ["stage.first_half", "stage.second_half"];
const halfName = (half) => t(HALVES[half.number % 2]);

// Which part of the match this is; of a match of several rounds, the points of each.
function Middle({ state, match, half }) {
  if (match.num_rounds > 1) return html`<${Rounds} state=${state} match=${match} half=${half} />`;
  return html`<p class="part">${half ? halfName(half) : t("stage.versus")}</p>`;
}

function Rounds({ state, match, half }) {
  const points = pointsOfRounds(match, half, state.rules);
  const now = half ? Math.floor(half.number / 2) : -1;
  return html`<p class="label">${half ? [t("stage.round_n", { n: now + 1 }), " · ", halfName(half)] : t("stage.rounds")}</p>
    <ol class="rounds" aria-label=${t("stage.rounds")}>
      ${points.map(
        (pair, round) => html`<li key=${round} aria-current=${round === now ? "step" : null}>
          <span class="no">${t("stage.round_n", { n: round + 1 })}</span>
          <span class="pair">${pair.map((one) => one ?? "–").join(" : ")}</span>
        </li>`,
      )}
    </ol>
    <p class="sum-of">${sumLine(points, match, half)}</p>`;
}

// The sum of the rounds that are over, in which both have judged equally many faces.
function sumLine(points, match, half) {
  const isRoundOver = half && half.number % 2 === 1 && half.points !== undefined;
  const over = half ? Math.floor(half.number / 2) + (isRoundOver ? 1 : 0) : match.num_rounds;
  if (!over || over === match.num_rounds) return t("stage.sum_counts");
  const sums = [0, 1].map((side) => points.slice(0, over).reduce((sum, pair) => sum + (pair[side] || 0), 0));
  return t("stage.sum_so_far", { n: over, points: sums.join(" : ") });
}

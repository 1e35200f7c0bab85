// The two teams of a match, with what each does now and how many points it has.
import { html } from "arena/html.js";
import { Fit } from "arena/stage/fit.js";
import { Name } from "arena/stage/names.js";
import { judgeSide, nameOf, SIDES } from "arena/stage/reading.js";
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
    <p class="needs">${standing(match, half, index)}</p>
    <p class="points">${match.points[index]}</p>
    <p class="judged">${t("stage.judged", { n: match.judged[index] })}</p>
  </section>`;
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

// Which part of the match this is; of a match of several rounds, the points of each.
function Middle({ state, match, half }) {
  if (match.num_rounds === 1) {
    return half
      ? html`<p class="label">${t("stage.half_round")}</p><p class="part">${t("stage.of", { n: half.number + 1, of: 2 })}</p>`
      : html`<p class="part">${t("stage.versus")}</p>`;
  }
  const points = pointsOfRounds(match, state.rules);
  return html`<ol class="rounds" aria-label=${t("stage.rounds")}>
    ${Array.from({ length: match.num_rounds }, (_, round) => {
      const isNow = half && Math.floor(half.number / 2) === round;
      return html`<li key=${round} aria-current=${isNow ? "step" : null}>
        <span class="no"><span class="unseen">${t("stage.round_name")}</span> ${round + 1}</span>
        <span class="pair">${points[round].map((one) => one ?? "–").join(" : ")}</span>
      </li>`;
    })}
  </ol>`;
}

function pointsOfRounds(match, rules) {
  const points = Array.from({ length: match.num_rounds }, () => [undefined, undefined]);
  for (const half of match.half_rounds || []) points[Math.floor(half.number / 2)][judgeSide(half, rules)] = half.points;
  return points;
}

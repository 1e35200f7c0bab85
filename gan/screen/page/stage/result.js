// How a match ended: who won, by how much and why; and the champion.
import { html } from "arena/html.js";
import { Fit } from "arena/stage/fit.js";
import { Name } from "arena/stage/names.js";
import { failuresOf, matchOnStage, meetsItself, nameOf, percent, pointsOfRounds, prizeOf, roundName, SIDES, winnerSide } from "arena/stage/reading.js";
import { Next } from "arena/stage/strip.js";
import { say, t, told } from "arena/words.js";

const MOST_RECAP = 6;
const MOST_LINES = 3; // of why a match ended so
const BY_POINTS = "more points";
const TOSS_UP = "equal points, a toss-up by time";
const SAID_ALREADY = [BY_POINTS, "equal points, less time", "forfeit"]; // rules that need no explanation here

export function Result({ state }) {
  const match = matchOnStage(state);
  if (!match.winner || meetsItself(match)) return html`<${Drawn} state=${state} match=${match} />`;
  const side = winnerSide(match);
  const [winner, loser] = side ? [match.away, match.home] : [match.home, match.away];
  const { key, sign } = SIDES[side];
  const points = `${match.points[side]} : ${match.points[1 - side]}`;
  const kind = kindOf(state, match);
  return html`<div class=${`result ${key}`}>
    <${Fit} tag="p" class="kind">
      <span aria-hidden="true">${sign}</span> ${[t(`stage.kind.${kind}`), prizeOf(state, match)].filter(Boolean).join(" · ")}
    <//>
    <${Fit} tag="h1" class="winner"><${Name}>${nameOf(state, winner)}<//><//>
    <${Fit} tag="p" class="score">
      ${say(SCORE_LINES[kind] || "stage.beats", {
        loser: nameOf(state, loser),
        points: { node: html`<strong class="pair">${points}</strong>`, text: String(match.points[1 - side]) },
      })}
    <//>
    <${Why} state=${state} match=${match} />
    <${Recap} state=${state} />
    <${Next} state=${state} />
  </div>`;
}

// How a match was won: its rule, as the arena names it, or by points.
const KINDS = {
  "equal points, less time": "by_time",
  [TOSS_UP]: "toss_up",
  "equal points, the other side failed": "by_fault",
  "equal points and time, home wins": "by_seeding",
  "equal points, both sides failed, home wins": "by_seeding",
  forfeit: "forfeit",
};

// How the points are put in a sentence, by kind; otherwise the winner beats the loser.
const SCORE_LINES = {
  by_time: "stage.faster_than",
  toss_up: "stage.level_with",
  by_fault: "stage.level_with",
  by_seeding: "stage.level_with",
  forfeit: "stage.loser_out",
  disqualified: "stage.loser_disqualified",
};

export function kindOf(state, match) {
  const kind = KINDS[match.rule] || "won";
  const loser = state.teams[match[SIDES[1 - winnerSide(match)].key]];
  return kind === "forfeit" && loser && loser.disqualified ? "disqualified" : kind;
}

function Drawn({ state, match }) {
  return html`<div class="result drawn">
    <p class="kind">${t(meetsItself(match) ? "stage.kind.self" : "stage.kind.drawn")}</p>
    <${Pairing} state=${state} match=${match}>${match.points.join(" : ")}<//>
    <${Why} state=${state} match=${match} />
    <${Recap} state=${state} />
    <${Next} state=${state} />
  </div>`;
}

// Two teams of which none has won, with what stands between them.
function Pairing({ state, match, children }) {
  const [home, away] = SIDES.map(
    ({ key }) => html`<div class=${`corner-name ${key}`} key=${key}><${Fit}><${Name}>${nameOf(state, match[key])}<//><//></div>`,
  );
  return html`<h1 class="pairing">${home}<span class="between pair">${children}</span>${away}</h1>`;
}

// Why it ended so, in sentences for everybody; details stand in the lists.
function Why({ state, match }) {
  const lines = [...outOf(state, match), ...failuresOf(state, match).map((one) => failureLine(state, match, one))];
  if (match.rule === TOSS_UP) lines.push(say("stage.toss_up", { winner: nameOf(state, match.winner) }));
  else if (!SAID_ALREADY.includes(match.rule) && match.explanation) lines.push(told(match.explanation));
  if (match.times && match.winner) lines.push(times(state, match));
  if (match.num_rounds > 1 && match.winner) lines.push(t("stage.rounds_were", { rounds: pairsOfRounds(state, match) }));
  if (match.sure && match.rule === BY_POINTS) lines.push(sureness(match));
  return html`<${Fit} class="why">${lines.slice(0, MOST_LINES).map((line, index) => html`<p key=${index}>${line}</p>`)}<//>`;
}

// Teams that could not take part in it.
const outOf = (state, match) =>
  (state.forfeits || [])
    .filter((one) => (one.matches || []).includes(match.id))
    .map(({ team, reason, why }) => {
      const isDisqualified = state.teams[team] && state.teams[team].disqualified;
      return isDisqualified ? told(reason) : say("stage.unfit", { team: nameOf(state, team), why: { node: told(why) } });
    });

// What failed, and what that meant for the points. `judge`: the side that judged.
export const failureLine = (state, match, { network, team, judge }) =>
  network === "discriminator"
    ? say("stage.discriminator_lost", { team: nameOf(state, team) })
    : say("stage.generator_gave", {
        team: nameOf(state, team),
        judge: nameOf(state, match[SIDES[judge].key]),
        n: state.rules.points_of_half_round,
      });

// "23 : 22, 19 : 21, 25 : 20", the winner's points first.
function pairsOfRounds(state, match) {
  const side = winnerSide(match);
  const pairs = pointsOfRounds(match, null, state.rules).map((pair) => [pair[side] ?? "–", pair[1 - side] ?? "–"].join(" : "));
  return pairs.join(", ");
}

function times(state, match) {
  const [won, lost] = [winnerSide(match), 1 - winnerSide(match)];
  const [first, second] = [won, lost].map((side) => match.times[side]);
  return say("stage.times", {
    winner: nameOf(state, match[SIDES[won].key]),
    loser: nameOf(state, match[SIDES[lost].key]),
    winner_time: { node: html`<strong>${first}</strong>`, text: first },
    loser_time: { node: html`<strong>${second}</strong>`, text: second },
  });
}

// What a result by points is worth.
function sureness(match) {
  const share = match.sure[winnerSide(match)];
  return t(share < 0.75 ? "stage.sure.luck" : "stage.sure", { percent: Math.min(Math.round(100 * share), 99) });
}

// Whose discriminator took a face for real.
function fooledBy(state, face) {
  const match = state.matches[face.match] || {};
  return nameOf(state, match.home === face.team ? match.away : match.home);
}

// The faces that fooled most.
export function Recap({ state }) {
  const faces = (state.recap || []).slice(0, MOST_RECAP);
  if (!faces.length) return null;
  return html`<figure class="recap">
    <figcaption>${t("stage.recap")}</figcaption>
    <ol>
      ${faces.map(
        (face) => html`<li key=${face.image}>
          <img class="pixels" src=${face.image} alt="" />
          <p class="of"><bdi>${nameOf(state, face.team)}</bdi></p>
          <${Fit} tag="p" class="said">${say("stage.taken_for", { share: { node: percent(face.p) }, judge: fooledBy(state, face) })}<//>
        </li>`,
      )}
    </ol>
  </figure>`;
}

export function Champion({ state }) {
  const { event } = state;
  const match = matchOnStage(state);
  const name = event.champion_name || nameOf(state, event.champion);
  return html`<div class="result champion">
    <p class="kind"><span class="stars" aria-hidden="true">★ ★ ★</span> ${t("stage.champion")} <span class="stars" aria-hidden="true">★ ★ ★</span></p>
    <${Fit} tag="h1" class="winner"><${Name}>${name}<//><//>
    ${match && match.winner && html`<${Fit} tag="p" class="score">${lastMatch(state, match)}<//>`}
    <${Way} state=${state} />
    <${Recap} state=${state} />
  </div>`;
}

function lastMatch(state, match) {
  const side = winnerSide(match);
  const pair = `${match.points[side]} : ${match.points[1 - side]}`;
  return say(match.num_rounds > 1 ? "stage.final_of_rounds" : "stage.final_beats", {
    n: match.num_rounds,
    loser: nameOf(state, match[SIDES[1 - side].key]),
    points: { node: html`<strong class="pair">${pair}</strong>`, text: String(match.points[1 - side]) },
  });
}

// The champion's way: whom it beat in each round.
function Way({ state }) {
  const matches = (state.path || []).map((id) => state.matches[id]).filter((match) => match && match.away !== undefined);
  if (!matches.length) return null;
  return html`<ol class="rungs" aria-label=${t("stage.way")}>
    ${matches.map((match) => {
      const side = winnerSide(match);
      return html`<li key=${match.id}>
        <p class="label">${roundName(state, match.round)}</p>
        <p class="against"><bdi>${nameOf(state, match[SIDES[1 - side].key])}</bdi></p>
        <p class="pair">${match.points[side]} : ${match.points[1 - side]}</p>
      </li>`;
    })}
  </ol>`;
}

// Why a match does not count (yet): in the organiser's words; of what failed on the machine, without its details.
export const stoppedWhy = (match) => (match.status === "annulled" && told(match.reason)) || t(`stage.${match.status}_reason`);

// Annulled and held matches: that they do not count (yet), and why.
export function Stopped({ state }) {
  const match = matchOnStage(state);
  const { view } = state.stage;
  return html`<div class="result stopped">
    <p class="kind">${t(`stage.kind.${view}`)}</p>
    <${Pairing} state=${state} match=${match}>${t("stage.versus")}<//>
    <${Fit} tag="p" class="why">${stoppedWhy(match)}<//>
    <p class="note">${t(`stage.${view}_next`)}</p>
    <${Next} state=${state} />
  </div>`;
}

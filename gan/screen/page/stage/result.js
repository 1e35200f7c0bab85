// How a match ended: who won, by how much and why; and the champion.
import { html } from "arena/html.js";
import { Fit } from "arena/stage/fit.js";
import { Name } from "arena/stage/names.js";
import { matchOnStage, meetsItself, nameOf, percent, roundName, SIDES, winnerSide } from "arena/stage/reading.js";
import { Next } from "arena/stage/strip.js";
import { say, t, told } from "arena/words.js";

const MOST_RECAP = 6;
const BY_POINTS = "more points";

export function Result({ state }) {
  const match = matchOnStage(state);
  if (!match.winner || meetsItself(match)) return html`<${Drawn} state=${state} match=${match} />`;
  const side = winnerSide(match);
  const [winner, loser] = side ? [match.away, match.home] : [match.home, match.away];
  const { key, sign } = SIDES[side];
  return html`<div class=${`result ${key}`}>
    <p class="kind"><span aria-hidden="true">${sign}</span> ${t(`stage.kind.${kindOf(match)}`)}</p>
    <${Fit} tag="h1" class="winner"><${Name}>${nameOf(state, winner)}<//><//>
    <${Fit} tag="p" class="score">
      ${say("stage.beats", {
        loser: nameOf(state, loser),
        points: { node: html`<strong class="pair">${match.points[side]} : ${match.points[1 - side]}</strong>`, text: String(match.points[1 - side]) },
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
  "equal points, a toss-up by time": "toss_up",
  "equal points, the other side failed": "by_fault",
  "equal points and time, home wins": "by_seeding",
  "equal points, both sides failed, home wins": "by_seeding",
  forfeit: "forfeit",
};

const kindOf = (match) => KINDS[match.rule] || "won";

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

// Why it ended so, in sentences.
function Why({ state, match }) {
  const lines = [];
  for (const forfeit of (state.forfeits || []).filter((one) => (one.matches || []).includes(match.id)))
    lines.push(say("stage.forfeits", { team: nameOf(state, forfeit.team), reason: { node: told(forfeit.reason), text: "" } }));
  if (match.explanation) lines.push(told(match.explanation));
  if (match.times) lines.push(times(state, match));
  if (match.sure && match.rule === BY_POINTS) lines.push(sureness(state, match));
  return html`<${Fit} class="why">${lines.slice(0, 3).map((line, index) => html`<p key=${index}>${line}</p>`)}<//>`;
}

const times = (state, match) =>
  say("stage.times", {
    home: nameOf(state, match.home),
    away: nameOf(state, match.away),
    home_time: { node: html`<strong>${match.times[0]}</strong>`, text: match.times[0] },
    away_time: { node: html`<strong>${match.times[1]}</strong>`, text: match.times[1] },
  });

// What a result by points is worth, in words that need no statistics.
function sureness(state, match) {
  const share = match.sure[winnerSide(match)];
  const words = share < 0.75 ? "luck" : share < 0.95 ? "likely" : "certain";
  return t(`stage.sure.${words}`, { share: share < 0.995 ? `${Math.round(share * 100)}%` : ">99%" });
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
          <p class="said">${t("stage.taken_for", { share: percent(face.p) })}</p>
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
  return say("stage.final_beats", {
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

// Annulled and held matches: that they do not count (yet), and why.
export function Stopped({ state }) {
  const match = matchOnStage(state);
  const { view } = state.stage;
  return html`<div class="result stopped">
    <p class="kind">${t(`stage.kind.${view}`)}</p>
    <${Pairing} state=${state} match=${match}>${t("stage.versus")}<//>
    <${Fit} tag="p" class="why">${told(match.reason) || t(`stage.${view}_reason`)}<//>
    <p class="note">${t(`stage.${view}_next`)}</p>
    <${Next} state=${state} />
  </div>`;
}

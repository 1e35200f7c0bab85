// A match that is being played: who meets whom, the faces of each half round, what failed, and equal points.
import { html } from "arena/html.js";
import { countsOf, FaceGroup, Film, LargeFace } from "arena/stage/faces.js";
import { Fit } from "arena/stage/fit.js";
import { Name } from "arena/stage/names.js";
import { judgeSide, matchOnStage, nameOf, prizeOf, SIDES } from "arena/stage/reading.js";
import { Scoreboard } from "arena/stage/scoreboard.js";
import { say, t, told } from "arena/words.js";

const MOST_WITH_FILM = 12; // faces at a time; more of them need the room of the small ones

const namesOf = (state, half) => ({
  judge: nameOf(state, half.discriminator),
  drawer: nameOf(state, half.generator),
});

export function Faces({ state, match, half, cards }) {
  const { group: first } = half;
  const { rules } = state;
  const total = half.real + half.generated;
  const side = SIDES[judgeSide(half, rules)].key;
  const now = Array.from({ length: half.shown - first }, (_, index) => first + index);
  const shown = now.map((at) => cards[at]).filter(Boolean);
  return html`<div class=${`playing ${side}`}>
    <${Scoreboard} state=${state} match=${match} half=${half} />
    ${shown.length === 1
      ? html`<${LargeFace} card=${shown[0]} at=${first} count=${total} names=${namesOf(state, half)} side=${side} rules=${rules} />`
      : shown.length > 1 && html`<${FaceGroup} cards=${shown} first=${first} side=${side} rules=${rules} />`}
    ${shown.length <= MOST_WITH_FILM && html`<${Film} cards=${cards} count=${total} rules=${rules} now=${now} />`}
  </div>`;
}

export function FaceScene({ state }) {
  const match = matchOnStage(state);
  return html`<${Faces} state=${state} match=${match} half=${state.half_round} cards=${state.cards || {}} />`;
}

// A half round is told; the next is not there yet.
export function Between({ state }) {
  const match = matchOnStage(state);
  const { half_round: half, rules } = state;
  const cards = state.cards || {};
  const total = half.real + half.generated;
  const side = SIDES[judgeSide(half, rules)].key;
  return html`<div class=${`playing between ${side}`}>
    <${Scoreboard} state=${state} match=${match} half=${half} isOver />
    <div class="summary">
      <${Fit} tag="p" class="sum">${say("stage.half_told", { judge: namesOf(state, half).judge, right: half.right, of: half.judged })}<//>
      <${Fit} tag="p" class="wrongs">
        ${say("stage.wrongs", { ...namesOf(state, half), ...countsOf(cards, rules), generated: half.generated, real: half.real })}
      <//>
      <${Fit} tag="p" class="wait">${comesNext(state, match, half)}<//>
    </div>
    <${Film} cards=${cards} count=${total} rules=${rules} now=${[]} />
  </div>`;
}

// What comes after a half round: the next one, or the result, if points have decided it.
function comesNext(state, match, half) {
  const names = namesOf(state, half);
  if (half.number + 1 < 2 * match.num_rounds)
    return say("stage.next_half_soon", { judge: names.drawer, drawer: names.judge });
  const [home, away] = match.points;
  if (home === away || match.home === match.away) return t("stage.result_soon");
  const winner = nameOf(state, match[SIDES[home > away ? 0 : 1].key]);
  const pair = `${Math.max(home, away)} : ${Math.min(home, away)}`;
  const points = { node: html`<span class="pair">${pair}</span>`, text: String(Math.min(home, away)) };
  const prize = prizeOf(state, match);
  return prize
    ? say("stage.so_wins_and", { winner, points, prize: { node: prize } })
    : say("stage.so_wins", { winner, points });
}

// "The generator of A failed"
const failureOf = (state, half) =>
  half.discriminator_fault
    ? say("stage.discriminator_failed", { team: nameOf(state, half.discriminator) })
    : say("stage.generator_failed", { team: nameOf(state, half.generator) });

export function Failed({ state }) {
  const match = matchOnStage(state);
  const { half_round: half, rules } = state;
  const names = namesOf(state, half);
  const isJudge = Boolean(half.discriminator_fault);
  return html`<div class="playing">
    <${Scoreboard} state=${state} match=${match} half=${half} isOver />
    <div class="notice">
      <${Fit} tag="p" class="kind">✗ ${failureOf(state, half)}<//>
      <${Fit} tag="p" class="headline">
        ${isJudge
          ? say("stage.no_points", { judge: names.judge })
          : say("stage.all_points", { judge: names.judge, n: half.points ?? rules.points_of_half_round })}
      <//>
      <${Fit} tag="p" class="reason">${t("stage.why")} ${told(half.why)}<//>
      <${Fit} tag="p" class="wait">${comesNext(state, match, half)}<//>
    </div>
  </div>`;
}

export function Timing({ state }) {
  const match = matchOnStage(state);
  return html`<div class="playing">
    <${Scoreboard} state=${state} match=${match} isOver />
    <div class="notice">
      <p class="kind">${t("stage.equal")}</p>
      <${Fit} tag="p" class="headline">${t("stage.who_is_faster")}<//>
      <div class="measuring" aria-hidden="true"><i></i></div>
      <${Fit} tag="p" class="reason">
        ${say("stage.timing", { home: nameOf(state, match.home), away: nameOf(state, match.away) })}
      <//>
    </div>
  </div>`;
}

export function Meets({ state }) {
  const match = matchOnStage(state);
  const first = judgeSide({ number: 0 }, state.rules);
  const areKnown = SIDES.some(({ key }) => ((state.ratings || {})[nameOf(state, match[key])] || {}).matches);
  const sides = SIDES.map(({ key, sign }) => {
    const name = nameOf(state, match[key]);
    return html`<section class=${`corner ${key}`} key=${key}>
      <p class="sign" aria-hidden="true">${sign}</p>
      <${Fit} class="big-name"><${Name}>${name}<//><//>
      ${areKnown && html`<${Record} rating=${state.ratings[name]} />`}
    </section>`;
  });
  return html`<div class="meets">
    <h1 class="unseen">${say("stage.pair", { home: nameOf(state, match.home), away: nameOf(state, match.away) })}</h1>
    <div class="corners">${sides[0]}
      <p class="versus" aria-hidden="true">${t("stage.versus")}</p>
      ${sides[1]}</div>
    <${Fit} tag="p" class="note">
      ${say("stage.begins", {
        drawer: nameOf(state, match[SIDES[1 - first].key]),
        judge: nameOf(state, match[SIDES[first].key]),
      })}
    <//>
  </div>`;
}

// What is known of a team from earlier matches.
function Record({ rating }) {
  if (!rating || !rating.matches) return html`<p class="record">${t("stage.newcomer")}</p>`;
  const share = ([k, n]) => (n ? `${Math.round((100 * k) / n)}%` : "–");
  const told = rating.real && rating.generated ? [rating.real[0] + rating.generated[0], rating.real[1] + rating.generated[1]] : null;
  return html`<dl class="record">
    <div><dt>${t("stage.rating")}</dt><dd>${rating.ordinal.toFixed(1)}</dd></div>
    ${told && html`<div><dt>${t("stage.tells_right")}</dt><dd>${share(told)}</dd></div>`}
    ${rating.fooled && html`<div><dt>${t("stage.fools")}</dt><dd>${share(rating.fooled)}</dd></div>`}
  </dl>`;
}

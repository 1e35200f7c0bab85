// What the stage shows at each step of a replay: the state of the API, as it was when the match was shown.
// A half round takes two steps for each face, which is shown, then told; or one step if something failed.
import { judgeSide, needsOf, saidOf } from "arena/stage/reading.js";

const SECONDS = { shown: 0.6, told: 0.4, failed: 3 }; // that steps of each kind take, of faces on average
const SLOWDOWN = 1.5; // the last face is up for 1 + 1.5 times as long as the first one, as it is live

const isFailed = (half) => Boolean(half.generator_fault || half.discriminator_fault);
const cardsOf = (half) => Object.keys(half.cards || {}).length;
const stepsOf = (half) => (isFailed(half) ? 1 : 2 * cardsOf(half) || 1);

// The first step of each half round, and at the end that of the result.
export function startsOf(match) {
  const starts = [0];
  for (const half of match.half_rounds) starts.push(starts.at(-1) + stepsOf(half));
  return starts;
}

// The index of the half round of a step; their number at the result.
export const halfAt = (starts, step) => starts.filter((start) => start <= step).length - 1;

export function secondsOf(match, starts, step) {
  const index = halfAt(starts, step);
  const half = match.half_rounds[index];
  const count = half ? cardsOf(half) : 0;
  if (!count || isFailed(half)) return SECONDS.failed;
  const within = step - starts[index];
  const place = Math.floor(within / 2) / Math.max(1, count - 1);
  return ((within % 2 ? SECONDS.told : SECONDS.shown) * (1 + SLOWDOWN * place)) / (1 + SLOWDOWN / 2);
}

// `state`: of the match's event; `match`: as the API tells it with its half rounds.
export function stateAt(state, match, starts, step) {
  const index = halfAt(starts, step);
  if (index >= match.half_rounds.length) return atTheEnd(state, match, starts);
  const half = match.half_rounds[index];
  const { shown, told, cards, isOver } = isFailed(half) ? allOf(half) : facesAt(half, step - starts[index]);
  const right = Object.values(cards).filter((card) => isRight(card, state.rules)).length;
  const points = isOver ? half.points : right;
  const judged = isOver ? sizeOf(state, half) : told;
  const totals = totalsOf(state, match, index, points, judged);
  const shownMatch = { ...openMatch(match, index + (isOver ? 1 : 0)), ...totals };
  return {
    ...withoutEnd(state),
    matches: { ...state.matches, [match.id]: shownMatch },
    stage: { view: isFailed(half) ? "failed" : "face", match: match.id, half_round: half.id },
    half_round: {
      ...half,
      cards: undefined,
      right,
      judged: told,
      shown,
      group: Math.max(0, shown - 1),
      needs: needsOf(shownMatch, half.number, state.rules),
    },
    cards,
  };
}

// What is shown of a half round: the first faces, of which the last one may still be a question.
function facesAt(half, within) {
  const count = cardsOf(half);
  const [shown, told] = [Math.min(count, Math.floor(within / 2) + 1), Math.min(count, Math.ceil(within / 2))];
  const cards = {};
  for (let at = 0; at < shown; at++) {
    const { truth, p, ...question } = half.cards[at];
    cards[at] = at < told ? half.cards[at] : question;
  }
  return { shown, told, cards, isOver: told === count && half.points !== undefined };
}

const allOf = (half) => ({ shown: cardsOf(half), told: cardsOf(half), cards: half.cards || {}, isOver: true });

const isRight = (card, rules) => Boolean((saidOf(card, rules) || {}).isRight);

const sizeOf = (state, half) => cardsOf(half) || state.rules.points_of_half_round;

// The points of both sides, and how many images each has judged.
function totalsOf(state, match, index, points, judged) {
  const totals = { points: [0, 0], judged: [0, 0] };
  const add = (half, more, images) => {
    const side = judgeSide(half, state.rules);
    totals.points[side] += more;
    totals.judged[side] += images;
  };
  for (const half of match.half_rounds.slice(0, index)) add(half, half.points, sizeOf(state, half));
  add(match.half_rounds[index], points, judged);
  return totals;
}

// What is known of a match before its result.
const OPEN = ["id", "event", "round", "position", "attempt", "number", "home", "away", "num_rounds", "begun"];

// A match before its result, with so many half rounds.
function openMatch(match, count) {
  const told = match.half_rounds.slice(0, count).map(({ number, points }) => ({ number, points }));
  return { ...Object.fromEntries(OPEN.map((name) => [name, match[name]])), status: "playing", half_rounds: told };
}

// A state without what its own moment shows.
const withoutEnd = (state) => ({ ...state, half_round: undefined, cards: {}, recap: undefined, path: undefined });

const SETTLED = { annulled: "annulled", held: "held" };

function viewOf({ status, rule, winner }) {
  if (status in SETTLED) return SETTLED[status];
  if (rule === "forfeit") return "forfeit";
  if (!winner) return "drawn";
  return rule === "equal points, a toss-up by time" ? "toss_up" : "won";
}

// The result; of a match that is still played, how far it has got.
function atTheEnd(state, match, starts) {
  if (match.status === "playing") return soFar(state, match, starts);
  return {
    ...withoutEnd(state),
    matches: { ...state.matches, [match.id]: match },
    stage: { view: viewOf(match), match: match.id },
  };
}

function soFar(state, match, starts) {
  if (!match.half_rounds.length) return { ...withoutEnd(state), stage: { view: "meets", match: match.id } };
  const last = stateAt(state, match, starts, starts.at(-1) - 1);
  const isTold = last.half_round.points !== undefined; // all of it
  const view = last.stage.view === "face" && isTold ? "between" : last.stage.view;
  return { ...last, stage: { ...last.stage, view } };
}

// What is read off a state: who plays what, what a round is called, how a number is written.
import { t } from "arena/words.js";

export const SIDES = [
  { key: "home", sign: "◆" },
  { key: "away", sign: "●" },
];

export const nameOf = (state, team) => (state.teams && state.teams[team] ? state.teams[team].name : "");

// 0 for home, 1 for away. In a check a team meets itself, so a half round's number tells, not its teams.
export function judgeSide(half, rules) {
  const first = rules && rules.first_judge === "home" ? 0 : 1;
  return half.number % 2 ? 1 - first : first;
}

export const winnerSide = (match) => (match.winner === match.home ? 0 : 1);
export const meetsItself = (match) => match.home === match.away;

// The points of each round, [home's, away's]; undefined what is not known. `half`: the one on the stage.
export function pointsOfRounds(match, half, rules) {
  const points = Array.from({ length: match.num_rounds }, () => [undefined, undefined]);
  const add = (one, value) => {
    points[Math.floor(one.number / 2)][judgeSide(one, rules)] = value;
  };
  for (const one of match.half_rounds || []) add(one, one.points);
  if (half && half.match === match.id) add(half, half.points ?? half.right);
  return points;
}

// The round of a half round of a match of several, from 0; -1 between them.
export const roundNow = (match, half) =>
  half && half.match === match.id && match.num_rounds > 1 ? Math.floor(half.number / 2) : -1;

// The networks that failed in a match, as far as it is told: {network, team, reason, judge: the judging side}.
export function failuresOf(state, match) {
  return (state.forfeits || [])
    .filter((one) => one.network && one.match === match.id)
    .map((one) => ({ ...one, judge: judgeSide(one, state.rules) }));
}

export function matchOnStage(state) {
  const { stage, matches } = state;
  return stage && stage.match !== undefined && matches ? matches[stage.match] : undefined;
}

// What a round of an event is called: in a bracket by how many teams are left.
export function roundName(state, round) {
  const { event, rounds } = state;
  if (rounds && rounds[round]) {
    const { teams } = rounds[round];
    return { 2: t("round.final"), 4: t("round.semi"), 8: t("round.quarter") }[teams] || t("round.of", { n: teams });
  }
  if (event && event.mode === "league") return t("round.league", { n: round + 1 });
  return t(event ? `round.${event.mode}` : "round.match");
}

// What a win brings in a tournament: "goes on to the semi-final"; nothing in other events.
export function prizeOf(state, match) {
  const { event, rounds } = state;
  if (!event || event.mode !== "tournament" || !rounds || !rounds[match.round]) return "";
  const next = rounds[match.round + 1];
  if (!next) return t("goes_on.champion");
  return { 2: t("goes_on.final"), 4: t("goes_on.semi"), 8: t("goes_on.quarter") }[next.teams] || t("goes_on.of", { n: next.teams });
}

// "match 7 of 15"
export function progressOf(state, match) {
  const { event } = state;
  const of = event ? event.num_matches : 0;
  if (!match || !match.number) return "";
  return of > 1 ? t("stage.match_of", { number: match.number, of }) : "";
}

// In percent; with a decimal if it rounds to 50, which usually divides real from generated.
export function percent(share) {
  const rounded = Math.round(share * 100);
  if (rounded !== 50 || share === 0.5) return `${rounded}%`;
  const exact = (share * 100).toFixed(1);
  return exact === "50.0" ? `${share > 0.5 ? ">" : "<"}50%` : `${exact}%`;
}

// What is still open in a half round `number` of a match, with the points and judged images so far, as the arena says
// it of a match that is played (`needs` in gan/screen/matches.py): {decided: team}, {team, to_win, of}, or undefined.
export function needsOf(match, number, rules) {
  if (meetsItself(match)) return undefined;
  const [sides, total] = [[match.home, match.away], match.num_rounds * rules.points_of_half_round];
  const open = match.judged.map((judged) => total - judged);
  const decided = [0, 1].find((side) => match.points[side] > match.points[1 - side] + open[1 - side]);
  if (decided !== undefined) return { decided: sides[decided] };
  const judge = judgeSide({ number }, rules);
  const toWin = match.points[1 - judge] - match.points[judge] + 1;
  const isLast = number === 2 * match.num_rounds - 1;
  return isLast && toWin <= open[judge] ? { team: sides[judge], to_win: toWin, of: open[judge] } : undefined;
}

// What a discriminator says of a card, and whether that is right: {isReal, share, isRight}; nothing before it is told.
export function saidOf(card, rules) {
  if (card.p === undefined) return null;
  const isReal = card.p > rules.threshold;
  return { isReal, share: isReal ? card.p : 1 - card.p, isRight: isReal === (card.truth === 1) };
}

// The table of an event, best first: wins, then points more than the opponents', then points; as the arena ranks.
export const ranked = (standings) =>
  Object.entries(standings || {}).sort(
    ([, a], [, b]) => b.won - a.won || b.points - b.against - (a.points - a.against) || b.points - a.points,
  );

export const isTold = (card) => Boolean(card) && card.truth !== undefined;

// What the points of both sides mean now, and what the one behind must do to win.
import { failuresOf, judgeSide, meetsItself, pointsOfRounds, SIDES } from "arena/stage/reading.js";
import { t } from "arena/words.js";

// A line for [home, away]; empty of which nothing can be said. Points of sides that have judged unequally many faces
// are compared only by what is still open. `half`: the one on the stage, if there is one.
export function standingLines(state, match, half) {
  const { rules } = state;
  const lines = ["", ""];
  if (match.status !== "playing" || meetsItself(match)) return lines;
  const { needs } = half || {};
  if (needs) {
    const side = SIDES.findIndex(({ key }) => match[key] === (needs.decided ?? needs.team));
    const isOver = half.points !== undefined && half.number + 1 === 2 * match.num_rounds;
    if (needs.decided) lines[side] = t(isOver ? "stage.wins" : "stage.decided");
    else lines[side] = needed(needs.to_win, needs.of);
    return lines;
  }
  const first = judgeSide({ number: 0 }, rules);
  const round = Math.floor(match.judged[1 - first] / rules.points_of_half_round); // how many are over
  const isSecondHalf = match.judged[first] >= (round + 1) * rules.points_of_half_round;
  const canDraw = !failuresOf(state, match).length; // otherwise equal points decide against who failed
  return isSecondHalf ? ofSecondHalf(match, first, round, rules, canDraw) : ofFirstHalf(match, half, first, round, rules);
}

// The side that judges second knows what it must reach.
function ofSecondHalf(match, first, round, rules, canDraw) {
  const lines = ["", ""];
  const judge = 1 - first;
  const toLead = match.points[first] - match.points[judge] + 1;
  const open = (round + 1) * rules.points_of_half_round - match.judged[judge];
  const isLast = round + 1 === match.num_rounds;
  if (toLead <= 0) lines[judge] = t("stage.leads", { n: 1 - toLead });
  else if (toLead <= open) lines[judge] = isLast ? needed(toLead, open) : t("stage.needs_to_lead", { n: toLead, of: open });
  else if (toLead === open + 1 && open && canDraw) lines[judge] = t("stage.needs_to_draw", { n: open });
  else if (open && isLast) lines[judge] = t("stage.no_win_by_points");
  else if (toLead > open + 1 && !isLast) lines[first] = t("stage.stays_ahead", { round: round + 1 });
  return lines;
}

const needed = (n, of) => t(n === of ? "stage.needs_all" : "stage.needs", { n, of });

// Of the round that has begun nothing is known yet: the sum of the rounds before it tells.
function ofFirstHalf(match, half, first, round, rules) {
  if (!round) return ["", ""];
  const sums = [...match.points];
  if (round < match.num_rounds) sums[first] -= pointsOfRounds(match, half, rules)[round][first] || 0;
  const lead = sums[0] - sums[1];
  if (round === match.num_rounds) return [lead, -lead].map((n) => (n > 0 ? t("stage.leads", { n }) : ""));
  return [lead, -lead].map((n) => ofRoundsBefore(n, round, match.num_rounds));
}

function ofRoundsBefore(lead, round, of) {
  if (!lead) return t("stage.level_after", { round });
  if (lead > 0) return t("stage.leads_after", { n: lead, round });
  return round + 1 === of
    ? t("stage.must_win_last", { n: 1 - lead, round: of })
    : t("stage.behind_after", { n: -lead, round });
}

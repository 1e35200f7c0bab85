// What lists say of a match: who won, what decided it.
import { meetsItself, winnerSide } from "arena/stage/reading.js";
import { has, t, told } from "arena/words.js";

// "won" or "lost", of side 0 or 1; "" if nobody has won, or a team has met itself.
export function resultOf(match, side) {
  if (match.status !== "done" || !match.winner || !match.away || meetsItself(match)) return "";
  return winnerSide(match) === side ? "won" : "lost";
}

// A rule of the arena in a few words.
export const ruleWord = (rule) => (has(`rule.${rule}`) ? t(`rule.${rule}`) : rule || "");

// What decided a match, or what it waits for.
export function aboutMatch(match) {
  if (match.status === "playing") return t("match.playing");
  if (match.status === "done") return ruleWord(match.rule);
  const why = match.status === "annulled" && told(match.reason); // what failed on the machine is for the organiser
  return [t(`match.${match.status}`), why].filter(Boolean).join(": ");
}

export const pointsOf = (match) => match.points.join(" : ");

// Matches as they were shown, the newest last.
export const inOrder = (matches) => Object.values(matches || {}).sort((a, b) => a.number - b.number || a.id - b.id);

// [how many, of how many] as a share.
export const shareOf = (count) => (count && count[1] ? `${Math.round((100 * count[0]) / count[1])}%` : "–");

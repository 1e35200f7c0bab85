// What lists say of a match: who won, what decided it.
import { has, t, told } from "arena/words.js";

export const SIDES = ["home", "away"];

// "won" or "lost"; "" if nobody has won, or a team has met itself.
export function resultOf(match, side) {
  if (match.status !== "done" || !match.winner || !match.away || match.home === match.away) return "";
  return match[SIDES[side]] === match.winner ? "won" : "lost";
}

// What decided a match, or what it waits for.
export function aboutMatch(match) {
  if (match.status === "playing") return t("match.playing");
  if (match.status === "done") return has(`rule.${match.rule}`) ? t(`rule.${match.rule}`) : match.rule || "";
  return [t(`match.${match.status}`), told(match.reason)].filter(Boolean).join(": ");
}

export const pointsOf = (match) => match.points.join(" : ");

// Matches as they were shown, the newest last.
export const inOrder = (matches) => Object.values(matches || {}).sort((a, b) => a.number - b.number || a.id - b.id);

// [how many, of how many] as a share.
export const shareOf = (count) => (count && count[1] ? `${Math.round((100 * count[0]) / count[1])}%` : "–");

export const teamLink = (name) => `#/team/${encodeURIComponent(name)}`;

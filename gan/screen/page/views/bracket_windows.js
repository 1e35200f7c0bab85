// Which parts of a large bracket are shown on their own. A window is a match, and the rounds that lead to it:
// {key, round, position, first}: the rounds from `first` to `round`, of them what leads to match `position` of `round`.

const ROUNDS_OF_LAST_16 = 4;
const MOST_ROUNDS_OF_ONE_WINDOW = 5;
const MOST_SECTIONS_LOG = 4; // 16 sections

export const WHOLE = "whole";
export const LAST = "last";

export const wholeOf = (rounds) => ({ key: WHOLE, round: rounds - 1, position: 0, first: 0 });

// The windows of a bracket of so many rounds: one, or the last 16 teams and the sections that the first rounds are
// cut into, each a bracket of 16 to 64 teams of its own.
export function windowsOf(rounds) {
  if (rounds <= MOST_ROUNDS_OF_ONE_WINDOW) return [wholeOf(rounds)];
  const log = Math.min(MOST_SECTIONS_LOG, rounds - ROUNDS_OF_LAST_16);
  const round = rounds - 1 - log;
  const sections = Array.from({ length: 2 ** log }, (_, position) => ({
    key: position + 1,
    round,
    position,
    first: 0,
  }));
  return [{ key: LAST, round: rounds - 1, position: 0, first: rounds - ROUNDS_OF_LAST_16 }, ...sections];
}

export const isInside = ({ round, position, first }, place) =>
  place.round >= first && place.round <= round && place.position >> (round - place.round) === position;

// The first window with a place {round, position} in it; the first of all without a place.
export const windowWith = (windows, place) => (place && windows.find((one) => isInside(one, place))) || windows[0];

// Positions [from, to) of a round that belong to a window.
export function positionsOf({ round, position }, of) {
  const shift = round - of;
  return [position << shift, (position + 1) << shift];
}

// Sounds of the stage, off until the viewer wants them: a tick for each face, right, wrong, and a win.
import { useEffect, useRef, useState } from "preact/hooks";
import { useKeys } from "arena/keys.js";
import { matchOnStage, saidOf } from "arena/stage/reading.js";

const VOLUME = 0.15;
// [frequency in hertz, seconds from the beginning, seconds long]
const TUNES = {
  tick: [[880, 0, 0.05]],
  right: [
    [660, 0, 0.1],
    [990, 0.09, 0.16],
  ],
  wrong: [
    [220, 0, 0.14],
    [165, 0.12, 0.24],
  ],
  win: [
    [523, 0, 0.16],
    [659, 0.15, 0.16],
    [784, 0.3, 0.16],
    [1047, 0.45, 0.5],
  ],
};
const WINS = ["won", "toss_up", "forfeit", "champion"];

let context = null;

function play(name) {
  context ||= new AudioContext();
  for (const [frequency, begin, length] of TUNES[name]) {
    const [tone, volume] = [context.createOscillator(), context.createGain()];
    const at = context.currentTime + begin;
    tone.frequency.value = frequency;
    tone.type = name === "wrong" ? "sawtooth" : "triangle";
    volume.gain.setValueAtTime(VOLUME, at);
    volume.gain.exponentialRampToValueAtTime(0.001, at + length);
    tone.connect(volume).connect(context.destination);
    tone.start(at);
    tone.stop(at + length);
  }
}

// What is to be heard when one state follows another; nothing for most.
export function tuneOf(before, after) {
  const [was, is] = [before.stage, after.stage];
  if (!was || !is) return null;
  if (WINS.includes(is.view) && (is.view !== was.view || is.match !== was.match)) return "win";
  const [old, half] = [before.half_round, after.half_round];
  if (is.view !== "face" || !half || !matchOnStage(after)) return null;
  if (!old || old.id !== half.id) return half.shown ? "tick" : null;
  if (half.judged > old.judged) {
    const told = Array.from({ length: half.judged - old.judged }, (_, index) => (after.cards || {})[old.judged + index]);
    const isAnyWrong = told.some((card) => card && card.p !== undefined && !saidOf(card, after.rules).isRight);
    return isAnyWrong ? "wrong" : "right";
  }
  return half.shown > old.shown ? "tick" : null;
}

// Plays what changes of the state sound like, while it is on; returns whether it is.
export function useSound(state) {
  const [isOn, setOn] = useState(false);
  const last = useRef(state);
  useKeys(
    (event) => {
      if (event.key !== "s") return false;
      if (!isOn) play("tick");
      setOn(!isOn);
      return true;
    },
    [["s", "keys.sound"]],
  );
  useEffect(() => {
    const tune = isOn && state && last.current && tuneOf(last.current, state);
    last.current = state;
    if (tune) play(tune);
  }, [state]);
  return isOn;
}

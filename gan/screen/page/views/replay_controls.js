// Play, pause, speed, and the slider of a replay.
import { html } from "arena/html.js";
import { useKeys } from "arena/keys.js";
import { t } from "arena/words.js";

const SPEEDS = [0.5, 1, 2, 4, 10];
const STEPS_OF_A_FACE = 2;

const KEYS = [
  [" ", "keys.play"],
  ["← →", "keys.faces"],
  ["PgUp PgDn", "keys.half_rounds"],
];

function taken({ toggle, goTo, goToHalf, step, total }) {
  return {
    " ": toggle,
    ArrowLeft: () => goTo(step - STEPS_OF_A_FACE),
    ArrowRight: () => goTo(step + STEPS_OF_A_FACE),
    PageUp: () => goToHalf(-1),
    PageDown: () => goToHalf(1),
    Home: () => goTo(0),
    End: () => goTo(total),
  };
}

export function ReplayControls({ player }) {
  const { step, total, isPlaying, speed, setSpeed, goTo, goToHalf, toggle } = player;
  const take = ({ key }) => {
    const does = taken(player)[key];
    if (does) does();
    return Boolean(does);
  };
  useKeys(take, KEYS);
  const button = (word, onClick) => html`<button type="button" onClick=${onClick}>${t(word)}</button>`;
  const playWord = isPlaying ? "replay.pause" : step === total ? "replay.again" : "replay.play";
  return html`<div class="controls" role="group" aria-label=${t("replay.controls")}>
    ${button(playWord, toggle)} ${button("replay.half_back", () => goToHalf(-1))}
    ${button("replay.face_back", () => goTo(step - STEPS_OF_A_FACE))}
    ${button("replay.face_on", () => goTo(step + STEPS_OF_A_FACE))} ${button("replay.half_on", () => goToHalf(1))}
    ${button("replay.result", () => goTo(total))}
    <label>
      ${t("replay.speed")}${" "}
      <select value=${speed} onChange=${(event) => setSpeed(Number(event.target.value))}>
        ${SPEEDS.map((one) => html`<option key=${one} value=${one}>${one}×</option>`)}
      </select>
    </label>
    <input
      type="range"
      min="0"
      max=${total}
      value=${step}
      aria-label=${t("replay.position")}
      onInput=${(event) => goTo(Number(event.target.value))}
    />
  </div>`;
}

// The half rounds of a match, in a table.
import { html } from "arena/html.js";
import { nameOf } from "arena/stage/reading.js";
import { has, t, told } from "arena/words.js";

const milliseconds = (seconds) => (seconds === undefined ? "–" : `${(1000 * seconds).toPrecision(3)} ms`);

function decidedBy({ generator_fault: generator, discriminator_fault: discriminator, rule }) {
  return told(generator) || told(discriminator) || (has(`rule.${rule}`) ? t(`rule.${rule}`) : rule);
}

// `onChoose(index)`: goes to a half round.
export function HalfRounds({ match, state, onChoose }) {
  if (!match.half_rounds.length) return null;
  const column = (word, kind = "") => html`<th scope="col" class=${kind}>${t(word)}</th>`;
  return html`<div class="wide">
    <table class="half-rounds stacked">
      <caption class="unseen">
        ${t("replay.half_rounds")}
      </caption>
      <thead>
        <tr>
          ${column("column.half_round")} ${column("column.draws")} ${column("column.judges")}
          ${column("column.points", "number")} ${column("column.to_draw", "number")} ${column("column.to_judge", "number")}
          ${column("column.decided_by")} ${column("column.id", "number")}
        </tr>
      </thead>
      <tbody>
        ${match.half_rounds.map(
          (half, index) =>
            html`<tr key=${half.id}>
              <th scope="row">
                <button type="button" onClick=${() => onChoose(index)}>${t("column.half_round")} ${half.number + 1}</button>
              </th>
              ${[half.generator, half.discriminator].map(
                (team) => html`<td><bdi class="cell-name">${nameOf(state, team)}</bdi></td>`,
              )}
              <td class="number">${half.points}</td>
              <td class="number">${milliseconds(half.generator_seconds)}</td>
              <td class="number">${milliseconds(half.discriminator_seconds)}</td>
              <td class="reason">${decidedBy(half)}</td>
              <td class="number soft">${half.id}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

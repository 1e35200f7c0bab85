// A table. `title`: the key in words.js of its caption, which only screen readers say; `columns`: [key in words.js,
// "number", "unseen"], the last two if they apply; without a key, a column that needs no head. `children`: the rows.
import { html } from "arena/html.js";
import { t } from "arena/words.js";

function Head({ word, marks }) {
  const kind = marks.includes("number") ? "number" : null;
  if (!word) return html`<td class=${kind}></td>`;
  const text = marks.includes("unseen") ? html`<span class="unseen">${t(word)}</span>` : t(word);
  return html`<th scope="col" class=${kind}>${text}</th>`;
}

export function Table({ title, class: kind, columns, children }) {
  return html`<div class="wide">
    <table class=${kind}>
      <caption class="unseen">
        ${t(title)}
      </caption>
      <thead>
        <tr>
          ${columns.map(([word, ...marks]) => html`<${Head} key=${word} word=${word} marks=${marks} />`)}
        </tr>
      </thead>
      <tbody>
        ${children}
      </tbody>
    </table>
  </div>`;
}

// Long lists are short at first: their first rows, and a button for all of them. On paper there are all.
import { useState } from "preact/hooks";
import { html } from "arena/html.js";
import { usePrinting } from "arena/views/printing.js";
import { t } from "arena/words.js";

const AT_FIRST = 100; // rows

// Of some rows [those to show, what to show below them].
export function useShortened(rows) {
  const [isAll, setAll] = useState(false);
  const isPrinting = usePrinting();
  const shown = isAll || isPrinting ? rows : rows.slice(0, AT_FIRST);
  const button = html`<button class="more" onClick=${() => setAll(true)}>
    ${t("views.all", { n: rows.length })}
  </button>`;
  return [shown, shown.length < rows.length && button];
}

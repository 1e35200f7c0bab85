// For who runs the screen: the keys of now and what they do, and the fonts that are missing.
import { useLayoutEffect, useRef } from "preact/hooks";
import { fontLine } from "arena/header.js";
import { html } from "arena/html.js";
import { helpNow } from "arena/keys.js";
import { t } from "arena/words.js";

export function Help({ missing, onClose }) {
  const dialog = useRef(null);
  useLayoutEffect(() => dialog.current.showModal(), []);
  return html`<dialog class="help" ref=${dialog} onClose=${onClose} aria-label=${t("app.keys")}>
    <h2>${t("app.keys")}</h2>
    <dl>
      ${helpNow().map(
        ([key, words]) =>
          html`<div key=${key}>
            <dt><kbd>${key}</kbd></dt>
            <dd>${t(words)}</dd>
          </div>`,
      )}
    </dl>
    ${missing.length > 0 && html`<p class="lacks">${fontLine(missing)}</p>`}
    <form method="dialog"><button>${t("app.close")}</button></form>
  </dialog>`;
}

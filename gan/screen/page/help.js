// The keys of now and what they do.
import { useEffect, useRef } from "preact/hooks";
import { html } from "arena/html.js";
import { helpNow } from "arena/keys.js";
import { t } from "arena/words.js";

export function Help({ onClose }) {
  const dialog = useRef(null);
  useEffect(() => dialog.current.showModal(), []);
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
    <form method="dialog"><button>${t("app.close")}</button></form>
  </dialog>`;
}

// The stage: what the hall looks at together.
import { html } from "arena/html.js";
import { t } from "arena/words.js";

export function Stage({ state }) {
  return html`<section class="stage"><h1>${t("stage.nothing")}</h1><p>${state.stage && state.stage.view}</p></section>`;
}

// The field in which a team is looked for; "/" goes there.
import { useRef } from "preact/hooks";
import { html } from "arena/html.js";
import { useKeys } from "arena/keys.js";
import { t } from "arena/words.js";

export const folded = (text) => text.normalize("NFC").toLocaleLowerCase().trim();

// `value`: what is typed; `onInput(text)`; `onEnter()` by the key, if there is something to do; `found`: how many
// teams or rows fit, told beside the field once something is typed.
export function SearchField({ value, onInput, onEnter, found }) {
  const field = useRef(null);
  const take = ({ key }) => {
    if (key !== "/") return false;
    field.current.focus();
    field.current.select();
    return true;
  };
  useKeys(take, [["/", "keys.search"]]);
  return html`<form
    class="search"
    role="search"
    onSubmit=${(event) => {
      event.preventDefault();
      if (onEnter) onEnter();
    }}
  >
    <label>
      ${t("views.search")}${" "}
      <input
        type="search"
        ref=${field}
        value=${value}
        autocomplete="off"
        spellcheck="false"
        onInput=${(event) => onInput(event.target.value)}
      />
    </label>
    <span class="soft" role="status">${value.trim() !== "" && t("views.found", { n: found })}</span>
  </form>`;
}

// Teams' names, each kept apart from the text around it, whichever way it is written.
import { html } from "arena/html.js";

export const Name = ({ children }) => html`<bdi class="name">${children}</bdi>`;

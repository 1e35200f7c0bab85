// Preact with tagged templates in place of JSX: html`<p>${text}</p>` makes nodes, never markup from texts.
import { h } from "preact";
import htm from "htm";

export const html = htm.bind(h);

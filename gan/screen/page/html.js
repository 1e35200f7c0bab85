// Preact with tagged templates in place of JSX: html`<p>${text}</p>` makes nodes, never markup from texts.
import { h } from "preact";
import htm from "htm";
import { legible } from "arena/fonts.js";

const shown = (child) => (typeof child === "string" ? legible(child) : child);

// Names stand in <bdi>; of them, the emoji are left out that this browser would draw as boxes.
const node = (type, properties, ...children) => h(type, properties, ...(type === "bdi" ? children.map(shown) : children));

export const html = htm.bind(node);

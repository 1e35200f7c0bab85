// A team's name that leads to its page.
import { html } from "arena/html.js";

export const teamLink = (name) => `#/team/${encodeURIComponent(name)}`;

export const TeamName = ({ name }) =>
  html`<a href=${teamLink(name)}><bdi class="cell-name" title=${name}>${name}</bdi></a>`;

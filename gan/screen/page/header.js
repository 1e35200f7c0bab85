// The line at the top: the event, the views, what is wrong, and the switches of language and theme.
import { html } from "arena/html.js";
import { THEMES } from "arena/choices.js";
import { ROUTES } from "arena/views/routes.js";
import { LANGUAGES, has, languageNow, t } from "arena/words.js";

const THEME_SIGNS = { auto: "◐", dark: "●", light: "○" };

export function Header({ state, path, isConnected, theme, missing, hasSound, onLanguage, onTheme, onHelp }) {
  const event = state && state.event;
  const isOnStage = path === ""; // which says a problem itself
  const line = (isConnected === false || !isOnStage) && connectionLine(state, isConnected);
  return html`<header class="top">
    <p class="event-name">
      <bdi>${event ? event.name : t("app.title")}</bdi>
      ${event && event.frozen && html`<span class="tag">${t("app.frozen")}</span>`}
    </p>
    <nav aria-label=${t("app.views")}>
      ${ROUTES.filter((route) => route.nav).map(({ path: to, nav }) => {
        const label = typeof nav === "function" ? nav(state) : nav;
        return html`<a key=${to} href=${`#/${to}`} aria-current=${to === path ? "page" : null}>${t(label)}</a>`;
      })}
    </nav>
    <p class="connection" role="status">${line && html`<span class="wrong">${line}</span>`}</p>
    <div class="switches">
      ${hasSound && html`<span class="tag">♪ ${t("app.sound")}</span>`}
      ${Object.entries(LANGUAGES).map(
        ([code, name]) =>
          html`<button
            key=${code}
            lang=${code}
            aria-pressed=${String(code === languageNow())}
            onClick=${() => onLanguage(code)}
          >
            ${name}
          </button>`,
      )}
      <button aria-label=${`${t("app.theme")}: ${t(`app.theme.${theme}`)}`} onClick=${() => onTheme(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length])}>
        <span aria-hidden="true">${THEME_SIGNS[theme]}</span> <span class="theme-word">${t(`app.theme.${theme}`)}</span>
      </button>
      <button onClick=${onHelp} aria-label=${t("app.help")} title=${fontLine(missing)} data-lacks=${missing.length > 0}>?</button>
    </div>
  </header>`;
}

// Of which scripts this browser lacks a font, for who runs the screen; empty if it lacks none.
export const fontLine = (missing) =>
  missing.length ? t("app.no_font", { scripts: missing.map((script) => t(`script.${script}`)).join(", ") }) : "";

export function connectionLine(state, isConnected) {
  if (isConnected === false) return t("app.no_connection");
  if (state && state.problem) return has(`problem.${state.problem}`) ? t(`problem.${state.problem}`) : state.problem;
  return "";
}

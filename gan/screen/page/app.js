// The page: what came last from the source, the view that the address names, and the keys that all views share.
import { render } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { chosen, isKiosk, isOverlay, languageOfBrowser, remember, showTheme, THEMES } from "arena/choices.js";
import { Header } from "arena/header.js";
import { missingFor } from "arena/fonts.js";
import { Help } from "arena/help.js";
import { html } from "arena/html.js";
import { useKeys } from "arena/keys.js";
import { Kiosk } from "arena/kiosk.js";
import { useSound } from "arena/sound.js";
import { Overlay } from "arena/stage/overlay.js";
import { source } from "arena/source.js";
import { found, titleOf } from "arena/views/routes.js";
import { LANGUAGES, languageNow, setLanguage, t } from "arena/words.js";

const pathNow = () => location.hash.replace(/^#?\/?/, "");

// The state, and whether the source can be reached (undefined before that is known).
function useSource() {
  const [state, setState] = useState(null);
  const [isConnected, setConnected] = useState(undefined);
  useEffect(() => source.start(setState, setConnected), []);
  return { state, isConnected };
}

function usePath() {
  const [path, setPath] = useState(pathNow());
  useEffect(() => {
    const take = () => setPath(pathNow());
    addEventListener("hashchange", take);
    return () => removeEventListener("hashchange", take);
  }, []);
  return path;
}

// Another view begins at its top, with its heading in focus for screen readers; not the first one.
function useFocus(main, path) {
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current) {
      scrollTo(0, 0);
      const heading = main.current.querySelector("h1");
      if (heading) {
        heading.tabIndex = -1;
        heading.focus({ preventScroll: true });
      }
    }
    isFirst.current = false;
  }, [path]);
}

// A browser may refuse.
function switchFullScreen() {
  const done = document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
  done.catch(() => {});
}

function App() {
  const { state, isConnected } = useSource();
  const path = usePath();
  const main = useRef(null);
  const [language, setChosenLanguage] = useState(languageNow());
  const [theme, setTheme] = useState(chosen("theme", THEMES, isKiosk || isOverlay ? "dark" : "auto"));
  const [isHelpOpen, setHelpOpen] = useState(false);
  useFocus(main, path);
  useEffect(() => showTheme(theme), [theme]);
  useEffect(() => {
    const name = state && state.event ? state.event.name : t("app.title");
    document.title = [titleOf(path, state), name].filter(Boolean).join(" · ");
  }, [state && state.event && state.event.name, path, language]);

  const onLanguage = (code) => {
    setLanguage(code);
    remember("lang", code);
    setChosenLanguage(code);
  };
  const onTheme = (next) => {
    remember("theme", next);
    setTheme(next);
  };
  useKeys(
    (event) => {
      if (event.key === "?") setHelpOpen(true);
      else if (event.key === "Escape" && path && !isHelpOpen) location.hash = "#/";
      else if (event.key === "f") switchFullScreen();
      else if (event.key === "l") onLanguage(language === "ko" ? "en" : "ko");
      else return false;
      return true;
    },
    [
      ["?", "keys.help"],
      ["Esc", "keys.stage"],
      ["l", "keys.language"],
      ["f", "keys.full_screen"],
    ],
  );

  const hasSound = useSound(state);
  const teams = state && state.teams;
  const missing = useMemo(
    () => missingFor([...Object.values(teams || {}).map((team) => team.name), language === "ko" ? "한" : ""]),
    [teams, language],
  );
  const { View, params } = isOverlay ? { View: Overlay } : isKiosk && !path ? { View: Kiosk } : found(path);
  return html`<div class="page" key=${language}>
    ${!isKiosk &&
    !isOverlay &&
    html`<${Header} ...${{ state, path, isConnected, theme, missing, hasSound, onLanguage, onTheme }} onHelp=${() => setHelpOpen(true)} />`}
    <main ref=${main}>
      ${state || View.isForAll
        ? html`<${View} key=${path} state=${state} isConnected=${isConnected} params=${params} />`
        : html`<p class="empty">${isConnected === false ? t("app.no_connection") : t("app.loading")}</p>`}
    </main>
    ${isHelpOpen && html`<${Help} missing=${missing} onClose=${() => setHelpOpen(false)} />`}
  </div>`;
}

setLanguage(chosen("lang", Object.keys(LANGUAGES), languageOfBrowser(Object.keys(LANGUAGES))));
document.documentElement.classList.toggle("kiosk", isKiosk);
document.documentElement.classList.toggle("overlay", isOverlay);
const place = document.getElementById("app");
place.replaceChildren();
render(html`<${App} />`, place);

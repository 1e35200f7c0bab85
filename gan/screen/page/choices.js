// What the viewer has chosen: by the address (?lang=ko&theme=light&kiosk), by a switch, which is remembered, or by how
// the browser is set.

const query = new URLSearchParams(location.search);
const PREFIX = "arena.";

export const isKiosk = query.has("kiosk");
export const isOverlay = query.has("overlay");

// A browser may refuse to remember, or to read what it remembers.
function remembered(name) {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // It holds until the page is closed.
  }
}

// The first that is allowed of what the address says, what was chosen before, and `otherwise`.
export function chosen(name, allowed, otherwise) {
  return [query.get(name), remembered(name), otherwise].find((value) => allowed.includes(value));
}

// "en" or "ko": the first of the browser's languages that the page speaks.
export function languageOfBrowser(allowed) {
  const languages = navigator.languages.map((name) => name.slice(0, 2).toLowerCase());
  return languages.find((name) => allowed.includes(name)) || "en";
}

const isLight = matchMedia("(prefers-color-scheme: light)");
export const THEMES = ["auto", "dark", "light"];

// Shows a theme; "auto" follows the browser's settings, now and when they change.
export function showTheme(theme) {
  const show = () => {
    document.documentElement.dataset.theme = theme === "auto" ? (isLight.matches ? "light" : "dark") : theme;
  };
  isLight.onchange = show;
  show();
}

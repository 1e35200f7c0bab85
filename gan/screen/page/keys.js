// The keyboard: each part of the page that is there says which keys it takes, and what they do in words for the help.
import { useEffect, useRef } from "preact/hooks";

const listeners = new Set();

// While the component is there, `take(event)` gets each key first-come-last-asked; it returns true if it took it.
// `help`: pairs of a key's name and the key in words.js of what it does.
export function useKeys(take, help = []) {
  const listener = useRef({});
  Object.assign(listener.current, { take, help });
  useEffect(() => {
    listeners.add(listener.current);
    return () => listeners.delete(listener.current);
  }, []);
}

// What all keys of now do, [[key's name, key in words.js], ...].
export const helpNow = () => [...listeners].flatMap((listener) => listener.help);

const TYPED_INTO = ["INPUT", "SELECT", "TEXTAREA"];

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const tag = event.target.tagName;
  if (event.key !== "Escape") {
    if (TYPED_INTO.includes(tag)) return;
    if (["BUTTON", "A", "SUMMARY"].includes(tag) && [" ", "Enter"].includes(event.key)) return;
  }
  if ([...listeners].reverse().some((listener) => listener.take(event))) event.preventDefault();
});

// Arrow up and down go from link to link in a list.
import { useRef } from "preact/hooks";
import { useKeys } from "arena/keys.js";

const STEPS = { ArrowUp: -1, ArrowDown: 1 };

// The ref of the element that holds the list.
export function useArrowKeys() {
  const list = useRef(null);
  const take = ({ key }) => {
    const links = key in STEPS && list.current ? [...list.current.querySelectorAll("a[href]")] : [];
    if (!links.length) return false;
    const at = links.indexOf(document.activeElement);
    const next = at < 0 ? 0 : Math.max(0, Math.min(links.length - 1, at + STEPS[key]));
    links[next].focus();
    return true;
  };
  useKeys(take, [["↑ ↓", "keys.links"]]);
  return list;
}

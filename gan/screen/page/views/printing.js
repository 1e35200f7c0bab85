// Whether the page is being printed: then all of a bracket is drawn.
import { useEffect, useState } from "preact/hooks";

const onPaper = matchMedia("print");
const EVENTS = ["beforeprint", "afterprint"];

export function usePrinting() {
  const [isPrinting, setPrinting] = useState(onPaper.matches);
  useEffect(() => {
    const take = ({ type }) => setPrinting(type === "beforeprint" || onPaper.matches);
    onPaper.addEventListener("change", take);
    for (const name of EVENTS) addEventListener(name, take);
    return () => {
      onPaper.removeEventListener("change", take);
      for (const name of EVENTS) removeEventListener(name, take);
    };
  }, []);
  return isPrinting;
}

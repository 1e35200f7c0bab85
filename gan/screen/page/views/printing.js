// Whether the page is being printed: then all of a bracket is drawn.
import { useEffect, useState } from "preact/hooks";

const onPaper = matchMedia("print");

export function usePrinting() {
  const [isPrinting, setPrinting] = useState(onPaper.matches);
  useEffect(() => {
    const take = () => setPrinting(onPaper.matches);
    onPaper.addEventListener("change", take);
    return () => onPaper.removeEventListener("change", take);
  }, []);
  return isPrinting;
}

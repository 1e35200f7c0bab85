// Answers of the API that are not part of the state.
import { useEffect, useState } from "preact/hooks";

// What ask() promises, asked for again whenever `key` is another one; meanwhile the answer before stays.
// `isMissing`: the last question was not answered.
export function useAsked(ask, key) {
  const [got, setGot] = useState({ answer: null, isMissing: false });
  useEffect(() => {
    let isWanted = true;
    ask().then(
      (answer) => isWanted && setGot({ answer, isMissing: false }),
      () => isWanted && setGot((before) => ({ ...before, isMissing: true })),
    );
    return () => {
      isWanted = false;
    };
  }, [key]);
  return got;
}

// Korean particles depend on how the word before them ends: 팀이, 나무가; 팀을, 나무를; 팀으로, 물로, 나무로.

const HANGUL = [0xac00, 0xd7a3];
const [NONE, RIEUL, OTHER, UNKNOWN] = ["none", "rieul", "other", "unknown"]; // final consonants

// 영 일 이 삼 사 오 육 칠 팔 구; numbers that end in 0 are read 십, 백, 천 or 만, which end in a consonant as well.
const OF_DIGIT = [OTHER, RIEUL, NONE, OTHER, NONE, NONE, OTHER, RIEUL, RIEUL, NONE];

// 엘 엠 엔 알 end in a consonant, the other letters' names in a vowel.
const OF_LETTER = { L: RIEUL, M: OTHER, N: OTHER, R: RIEUL };

// How a word is read in Korean is not to be seen for certain: of b c d g k p t at the end it depends on the vowel.
function ofWord(word) {
  if (word === word.toUpperCase()) return OF_LETTER[word.at(-1)] || NONE;
  const end = word.toLowerCase();
  if (/(l|[^aeiouy]le)$/.test(end)) return RIEUL;
  if (/(m|n|ng|[aeiou][mn]e)$/.test(end)) return OTHER;
  if (/[bcdgkpt]$/.test(end)) return UNKNOWN;
  return /[a-z]$/.test(end) ? NONE : UNKNOWN;
}

// How a word ends, as it is read aloud in Korean.
function ending(text) {
  const said = String(text).replace(/[^\p{L}\p{N}]+$/u, "");
  const last = said.at(-1) || "";
  const code = last.charCodeAt(0);
  if (code >= HANGUL[0] && code <= HANGUL[1]) return [NONE, RIEUL][[0, 8].indexOf((code - HANGUL[0]) % 28)] || OTHER;
  if (/[0-9]/.test(last)) return OF_DIGIT[Number(last)];
  const word = said.match(/[A-Za-z]+$/);
  return word ? ofWord(word[0]) : UNKNOWN;
}

// The particle that fits a word, of two like "이/가"; both, like "이(가)", if that cannot be told.
export function withParticle(text, pair) {
  const [afterConsonant, afterVowel] = pair.split("/");
  const end = ending(text);
  if (end === UNKNOWN) return afterConsonant === "으로" ? "(으)로" : `${afterConsonant}(${afterVowel})`;
  if (end === NONE || (end === RIEUL && afterConsonant === "으로")) return afterVowel;
  return afterConsonant;
}

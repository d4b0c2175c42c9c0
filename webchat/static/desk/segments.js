/**
 * How a text travels, counted as `sms/segments.py` counts it: typography is written plainly, and one letter outside the
 * GSM alphabet puts the whole text into a longer one. Letters are never changed.
 */

const GSM = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿" +
    "abcdefghijklmnopqrstuvwxyzäöñüà",
);
// These need an escape before them and so count twice.
const GSM_TWICE = new Set("\f^{}\\[~]|€");
const PLAINLY = new Map(
  [
    ["'", "‘’‚‛′"],
    ['"', "“”„‟″«»"],
    ["-", "‐‑‒–—―−•"],
    ["...", "…"],
    [" ", "\t\u00a0\u2002\u2003\u2009\u202f"],
    ["", "\u00ad\u200b\ufeff"],
  ].flatMap(([plain, signs]) => [...signs].map((sign) => [sign, plain])),
);
const ROOM = { "GSM-7": [160, 153], "UCS-2": [70, 67] };

/** `text` with its typography in plain characters. @param {string} text */
export const plainly = (text) => [...text].map((sign) => PLAINLY.get(sign) ?? sign).join("");

const inGsm = (sign) => GSM.has(sign) || GSM_TWICE.has(sign);

/** The characters that put `text` into the longer alphabet, each once. @param {string} text */
export const outside = (text) => [...new Set(text)].filter((sign) => !inGsm(sign));

/** `{alphabet, count, free}` of a text as it stands. @param {string} text */
export function segments(text) {
  const alphabet = outside(text).length ? "UCS-2" : "GSM-7";
  const [whole, each] = ROOM[alphabet];
  const sizes = [...text].map((sign) => (alphabet === "GSM-7" ? (GSM_TWICE.has(sign) ? 2 : 1) : sign.length));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total <= whole) return { alphabet, count: text ? 1 : 0, free: whole - total };
  let [count, used] = [1, 0];
  for (const size of sizes) {
    if (used + size > each) [count, used] = [count + 1, 0];
    used += size;
  }
  return { alphabet, count, free: each - used };
}

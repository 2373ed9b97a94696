// Tells those who hear the page what those who see it see: one short sentence at a time.

import { find } from "./elements.js";

/** How long a sentence stands, at least, in ms: screen readers read what is new. */
const STANDS_MS = 900;

const live = find("live", HTMLElement);

/** @type {string[]} */
const waiting = [];
let isBusy = false;

/** @param {string} sentence */
export function announce(sentence) {
  if (waiting.length < 4) waiting.push(sentence);
  if (!isBusy) next();
}

function next() {
  const sentence = waiting.shift();
  isBusy = sentence !== undefined;
  if (sentence === undefined) return;
  live.textContent = sentence;
  setTimeout(next, STANDS_MS);
}

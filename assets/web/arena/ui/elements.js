// Making elements in one expression.

import { TEAM_COLOURS } from "../teams.js";

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | boolean | ((event: any) => void)>} [attributes] strings are set, true ones
 *   are set empty, functions listen to the event of that name
 * @param {...(Node | string | null)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T} the page's element of that id
 */
export function find(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`the page has no ${id}`);
  return element;
}

/**
 * Sets a text without touching the page when it is the same.
 *
 * @param {Element} element
 * @param {string} text
 */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {number} player a seat @returns {string} the classes that give its colour: by number, or as it has one */
export const accentClass = (player) => `accent-${player % 12} seat-${player}`;

/** @param {number} team from 0 @returns {string} the class that gives its colour */
export const teamClass = (team) => `team-${team % TEAM_COLOURS}`;

/** @param {number} count @param {string} one @param {string} [many] @returns {string} like 2 ships */
export const counted = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

// What teams are called: a letter each, as not everybody can tell their colours apart.

/** How many colours of teams there are: styles/theme.css. */
export const TEAM_COLOURS = 4;

/** @param {number} team from 0 @returns {string} A, B and so on; a number where letters end */
export const letterOf = (team) => (team < 26 ? String.fromCharCode(65 + team) : String(team + 1));

/** @param {number} team from 0 @returns {string} like Team A */
export const teamName = (team) => `Team ${letterOf(team)}`;

/**
 * @param {{ team: number | null, score: number }[]} all players
 * @returns {{ team: number, score: number }[]} what teams have together, the best first
 */
export function totals(all) {
  /** @type {Map<number, number>} */
  const sums = new Map();
  for (const { team, score } of all) if (team !== null) sums.set(team, (sums.get(team) ?? 0) + score);
  return [...sums].map(([team, score]) => ({ team, score })).sort((a, b) => b.score - a.score || a.team - b.team);
}

// Gives what names a player in the page the colour that its ship has: a rule for each seat whose colour
// is not that by number, in a sheet of its own, so that what stands there already changes as well.

const sheet = new CSSStyleSheet();
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];

let shown = "";

/** @param {Map<number, string>} colours by seat, like #4de2ff */
export function showSeats(colours) {
  const rules = [...colours].map(([player, colour]) => `.seat-${player} { --own: ${colour}; }`).join("\n");
  if (rules === shown) return;
  shown = rules;
  sheet.replaceSync(rules);
}

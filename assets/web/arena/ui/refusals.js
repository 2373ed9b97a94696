// Why a room does not do what a player asked of it, in words.

/** @typedef {import("../../sdk/shared/control.js").RoomRefusal} RoomRefusal */

/** @type {Record<RoomRefusal, string>} */
export const REFUSALS = {
  not_a_player: "Only players may do that.",
  not_the_host: "Only the host may do that.",
  not_now: "That can't be done now.",
  too_few_players: "Too few players are here.",
  no_such_player: "That player is not here any more.",
  no_such_team: "There is no such team.",
  unbalanced: "That team would be too large.",
  invalid_properties: "That can't be said of a player.",
};

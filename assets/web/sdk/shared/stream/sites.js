// Where the odds of each number of a join lie. Section 10.16 of shared/PROTOCOL.md.

export const SLOTS = 0;
export const TAKEN = 1;
export const MEMORY = 2;
export const CHANGED = 3;
export const SURPRISED = 4;
export const BORN = 5;
export const FIRED = 6;
export const GROUP_SURPRISED = 7;
export const SIZE = 8;
export const SIGN = 9;
export const CHANGE = 10;
export const MOVES = 11;
export const FRESH = 12;
export const RUN = 13;
export const PLACE_LOW = 14;
export const PLACE_HIGH = 15;
export const SPEED_LOW = 16;
export const SPEED_HIGH = 17;
export const START_LOW = 18;
export const START_HIGH = 19;
export const BEFORE = 20;
export const KNOWN = 21;
export const COUNT = 22;
export const ODDS = 23;
export const OF_WORDS = 24;

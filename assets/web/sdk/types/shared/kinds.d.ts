/** The groups of a class: section 10.4 of shared/PROTOCOL.md. */
export const FLAG: 0;
export const ANGLE: 1;
export const ROTATION: 2;
export const MOTION: 3;
export const WORDS: 4;
/** What a motion lane follows. */
export const FREE: 0;
export const FOLLOWS: 1;
export const EXACT: 2;
/** The sections of a message: section 3. */
export const CONTROL: 1;
export const FRAME: 3;
export const INPUT: 4;
export const COMMAND: 5;
/** What became of an input. */
export const APPLIED: 0;
export const REPEATED: 1;
export const MERGED: 2;
export const DROPPED: 3;
/** What an entry of a frame says of its stream: section 9. */
export const CHUNK: 0;
export const JOIN: 1;
export const PART: 2;
export const GONE: 3;

// Which form of the API server and command line speak: each tells the other, before anything is done by mistake.

/** Raised by a change that the other side of an older level would misunderstand; additions leave it as it is. */
export const apiLevel = 1;

/** In requests: the client's level; in answers: the server's. */
export const levelHeader = 'Twelve-Api-Level';

/** In answers: the server's version, for people. */
export const versionHeader = 'Twelve-Version';

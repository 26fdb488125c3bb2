// A name that users chose, as one word of a command that a person is told to type.

/** What moves a terminal, turns writing round, or is not to be seen; nobody can type it from what is shown. */
const unseen = /[\p{C}\p{Zl}\p{Zp}]/u;

/** Quoted where a shell would read it otherwise; null where no command shown can have it. */
export function shellWord(text: string): string | null {
  if (unseen.test(text)) return null;
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** For a sentence, between double quotes: no longer than is read. */
export function shownName(text: string): string {
  return printable(JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text));
}

/** What is not to be seen is spelt out. */
export function printable(text: string): string {
  return [...text]
    .map((one) => (unseen.test(one) ? `\\u{${one.codePointAt(0)!.toString(16)}}` : one))
    .join('');
}

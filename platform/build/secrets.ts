// Hides config values that look like credentials in what a build prints.
import { type ConfigVars, masked } from '../domain/config-vars.ts';

// GOPRIVATE names modules; it is no secret.
const credentialName =
  /(SECRET|TOKEN|PASSWORD|PASSWD|PASSPHRASE|PWD|PASS$|CREDENTIAL|(?<!^GO)PRIVATE|API_?KEY|ACCESS_?KEY|AUTH(?!OR)|SIGNING|SALT|_KEY$|^KEY$|DSN$)/i;

/** @returns a function that replaces each such value, or the password within a URL, wherever it appears in a line */
export function createMask(config: ConfigVars): (line: string) => string {
  const needles = new Set<string>();
  for (const [name, value] of Object.entries(config)) {
    for (const secret of secretsIn(name, value)) needles.add(secret);
  }
  // The longest first: one secret may contain another.
  const ordered = [...needles].sort((a, b) => b.length - a.length);
  if (ordered.length === 0) return (line) => line;
  return (line) => ordered.reduce((text, needle) => text.replaceAll(needle, masked), line);
}

function secretsIn(name: string, value: string): string[] {
  // Output comes in lines, so a value of several (a private key) is hidden line by line. Short ones would blank out ordinary words.
  if (credentialName.test(name)) return value.split(/\r?\n/).filter((line) => line.trim().length >= 6);
  const passwords = [...value.matchAll(/[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:([^\s/@]+)@/gi)].map(
    (match) => match[1]!,
  );
  return passwords.filter((password) => password.length >= 3);
}

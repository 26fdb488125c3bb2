// The words of `twelve run` and `twelve ps:exec` as the shell text that the process gets.
import { usageError } from './errors.ts';

/**
 * One word is shell text already (`'ls | wc -l'`). Of several, each arrives as it was typed, but for `$NAME`, which
 * means the process's own variable, as on Heroku (`run echo \$DYNO`).
 */
export function commandText(words: readonly string[], verb = 'run'): string {
  refuseMisplacedApp(words, verb);
  if (words.length === 1) return words[0]!;
  return words.map((word) => (plain.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}

const plain = /^(?:[\w@%+=:,./-]|\$\w+|\$\{\w+\})+$/;

/** `run rake db:reset -a staging` would run in another app than meant. */
function refuseMisplacedApp(words: readonly string[], verb: string): void {
  const [flag, app] = words.slice(-2);
  if (words.length < 3 || !/^(-a|--app)$/.test(flag ?? '')) return;
  throw usageError(
    `Options of twelve come before the command: twelve ${verb} -a ${app} ${words.slice(0, -2).join(' ')}\nIf ${flag} is the command's own, quote the whole command as one word.`,
  );
}

/** `-e KEY=value` */
export function environmentOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw usageError(`-e takes KEY=value, not "${pair}".`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

// iptables and ip6tables for tests that change nothing of this machine's: programs that keep rules in a file, and print them.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** As iptables keeps rules and prints them: a chain that something leads to is not removed. */
const iptables = `#!/bin/bash
set -e
file=${'$'}{0%/bin/*}/${'$'}{0##*/}.rules
[ "$1 $2 $3 $4" = "-w 5 -t raw" ]
shift 4
verb=$1 chain=$2
shift
case $verb in
  -S) grep -E -- "^-[PNA] $chain( |$)" "$file" ;;
  -D) grep -qxF -- "-A $*" "$file" && sed -i "\\#^-A $*\\$#d" "$file" ;;
  -F) sed -i "/^-A $chain /d" "$file" ;;
  -X) ! grep -qE -- "^-A $chain | -j $chain$" "$file" && sed -i "/^-N $chain$/d" "$file" ;;
esac
`;
/** Puts both into `bin` of the folder, for a $PATH to begin with. @param rules of the table `raw`, in each of them */
export async function writeIptables(folder: string, rules: readonly string[]): Promise<void> {
  await mkdir(join(folder, 'bin'), { recursive: true });
  for (const name of ['iptables', 'ip6tables']) {
    await writeFile(join(folder, 'bin', name), iptables, { mode: 0o755 });
    await writeFile(join(folder, `${name}.rules`), [...rules, ''].join('\n'));
  }
}

export const iptablesRules = async (folder: string, name: string): Promise<string[]> =>
  (await readFile(join(folder, `${name}.rules`), 'utf8')).trim().split('\n');

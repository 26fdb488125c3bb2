// The text of `ps`: processes grouped by type, one-offs apart.
import { codeInWords } from '../domain/code.ts';
import { size, timeAndAge } from './terminal-text.ts';
import type { Dyno } from './v3.ts';

/** `=== web (standard-1x): npm start (2)` and a line for each process. */
export function renderDynos(dynos: readonly Dyno[], now = Date.now()): string {
  const oneOffs = dynos.filter((dyno) => dyno.type === 'run').sort(byNumber);
  const groups = new Map<string, Dyno[]>();
  for (const dyno of dynos.filter((one) => one.type !== 'run').sort(byNumber)) {
    const head = `=== ${dyno.type} (${dyno.size}): ${oneLine(dyno.command)}`;
    groups.set(head, [...(groups.get(head) ?? []), dyno]);
  }
  const blocks = [...groups].map(([head, members]) =>
    [`${head} (${members.length})`, '', ...members.map((dyno) => stateLine(dyno, now))].join('\n'),
  );
  if (oneOffs.length > 0) {
    const lines = oneOffs.map((dyno) => `${stateLine(dyno, now)}: ${oneLine(dyno.command)}`);
    blocks.unshift([`=== run: one-off processes (${oneOffs.length})`, '', ...lines].join('\n'));
  }
  return `${blocks.join('\n\n')}\n`;
}

/** State and age, release, memory and processor now, restarts, and the code of what is wrong; `-` for what is not known. */
function stateLine(dyno: Dyno, now: number): string {
  const name = dyno.type === 'run' ? `${dyno.name} (${dyno.size})` : dyno.name;
  const { usage, restarts, code } = dyno;
  const cpu = usage?.cpu == null ? '-' : `${Math.round(usage.cpu * 100)}%`;
  return [
    `${name}: ${dyno.state} ${timeAndAge(dyno.updated_at, now)}`,
    `v${dyno.release.version}`,
    `memory ${usage ? size(usage.memory) : '-'}`,
    `cpu ${cpu}`,
    `restarts ${restarts ?? '-'}`,
    ...(code ? [codeInWords(code)] : []),
  ].join('  ');
}

/** By type, web first, then by number: web.2 before web.10. */
function byNumber(one: Dyno, other: Dyno): number {
  const rank = (dyno: Dyno): number => (dyno.type === 'web' ? 0 : 1);
  const number = (dyno: Dyno): number => Number(dyno.name.split('.').at(-1));
  return rank(one) - rank(other) || one.type.localeCompare(other.type) || number(one) - number(other);
}

function oneLine(command: string): string {
  return command.replace(/\s+/g, ' ').trim();
}

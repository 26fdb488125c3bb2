// What HAProxy prints to our questions, as data. Pure.
import type { ServerEntry } from './table.ts';

/** `show map`: `<reference> <key> <value>` per line. */
export function parseMap(text: string): Map<string, string> {
  const entries = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [reference, key, value] = line.trim().split(' ');
    // Of a key that stands twice, lookups use the first. A HAProxy of another version may say that it has no such map.
    if (reference?.startsWith('0x') && key && value && !entries.has(key)) entries.set(key, value);
  }
  return entries;
}

/** `show servers state`: a version line, a comment with the columns' names, a line per server. */
export function parseServers(text: string): Map<string, ServerEntry> {
  const servers = new Map<string, ServerEntry>();
  let columns: string[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('# ')) columns = line.slice(2).split(' ');
    const fields = line.split(' ');
    if (line.startsWith('#') || fields.length < 10) continue;
    const field = (name: string): string => fields[columns.indexOf(name)] ?? '';
    servers.set(`${field('be_name')}/${field('srv_name')}`, {
      address: field('srv_addr'),
      port: Number(field('srv_port')),
      ready: field('srv_admin_state') === '0',
    });
  }
  return servers;
}

export interface ServerFigures {
  /** Open requests. */
  sessions: number;
  queued: number;
  /** Requests since it was registered. */
  total: number;
}

/** `show stat`: CSV with a header line. */
export function parseFigures(text: string): Map<string, ServerFigures> {
  const figures = new Map<string, ServerFigures>();
  const [head = '', ...lines] = text.split('\n');
  const columns = head.replace(/^# /, '').split(',');
  const [sessions, queued, total] = ['scur', 'qcur', 'stot'].map((name) => columns.indexOf(name));
  if (sessions === -1) return figures;
  for (const line of lines) {
    const fields = line.split(',');
    if (fields.length < columns.length - 1) continue;
    figures.set(`${fields[0]}/${fields[1]}`, {
      sessions: Number(fields[sessions!]),
      queued: Number(fields[queued!]),
      total: Number(fields[total!]),
    });
  }
  return figures;
}

/** `show proc` on a master's socket: pids under the headings "# workers" and "# old workers". */
export function parseWorkers(text: string): { current: number[]; old: number[] } {
  const found = { current: [] as number[], old: [] as number[] };
  let within: number[] | undefined;
  for (const line of text.split('\n')) {
    if (line.startsWith('# old workers')) within = found.old;
    else if (line.startsWith('# workers')) within = found.current;
    else if (line.startsWith('#')) within = undefined;
    else if (/^\d+\s+worker/.test(line)) within?.push(Number.parseInt(line, 10));
  }
  return found;
}

/** `show sess`: those that came through no listener are HAProxy's own, and only its log has such. */
export function parseInnerSessions(text: string): string[] {
  return [...text.matchAll(/^(0x[0-9a-f]+): proto=\? /gm)].map((match) => match[1]!);
}

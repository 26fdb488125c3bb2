// What an answer names that can be asked for next: ids and names of an app's parts, and secret addresses.
import type { IncomingHttpHeaders } from 'node:http';
import type { Facts } from './requests.ts';

/** By the collection in the path, what one of it is called there. */
const parts: Readonly<Record<string, string>> = {
  builds: ':build',
  releases: ':release',
  'log-drains': ':drain',
  domains: ':domain',
  'sni-endpoints': ':endpoint',
  'process-changes': ':change',
  dynos: ':dyno',
  formation: ':type',
  cron: ':entry',
  users: ':user',
  'oauth/authorizations': ':authorization',
  collaborators: ':collaborator',
};
const secrets: Readonly<Record<string, readonly string[]>> = {
  'log-sessions': [':secret'],
  attach: [':secret'],
  'run-sessions': [':app', ':secret'],
  outputs: [':id', ':signature'],
  sources: [':id', ':signature'],
};
const most = 30;

export function factsIn(facts: Facts, path: string, headers: IncomingHttpHeaders, text: string): void {
  const add = (kind: string, fact: Record<string, string>): void => {
    const list = facts.get(kind) ?? [];
    facts.set(kind, [fact, ...list].slice(0, most));
  };
  // Some lists are of all apps: `/sni-endpoints`.
  const [, app, collection] = /^(?:\/apps\/([^/?]+))?\/((?:oauth\/)?[\w-]+)/.exec(path) ?? [];
  const part = (name: string, value: unknown): void => {
    if (app !== undefined) add(`:app${name}`, { ':app': app, [name]: String(value) });
    else add(name, { [name]: String(value) });
  };
  if (headers['twelve-change']) part(':change', headers['twelve-change']);
  const look = (one: unknown, above: string): void => {
    if (typeof one !== 'object' || one === null) return;
    const { id, name } = one as { id?: unknown; name?: unknown };
    if (above === 'slug' && id) part(':slug', id);
    const kind = collection === undefined ? undefined : parts[collection];
    if (above === '' && kind) for (const value of [id, name]) if (value !== undefined) part(kind, value);
    for (const [key, inner] of Object.entries(one)) {
      if (typeof inner === 'string' && URL.canParse(inner)) secret(add, inner, key);
      else look(inner, Array.isArray(one) ? above : key);
    }
  };
  try {
    look(JSON.parse(text), '');
  } catch {
    // No JSON, nothing to learn.
  }
}

type Add = (kind: string, fact: Record<string, string>) => void;

function secret(add: Add, url: string, key: string): void {
  if (key === 'get_url') add('url', { url });
  const [, first = '', ...rest] = new URL(url).pathname.split('/');
  const names = secrets[first];
  if (names?.length !== rest.length) return;
  // One address may be for writing and another for reading: both are tried for either.
  add(`/${first}/`, Object.fromEntries(names.map((name, index) => [name, rest[index]!])));
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { scriptedApi } from './scripted.ts';

const root = join(import.meta.dirname, '../../..');
const main = join(root, 'platform/cli/main.ts');

/** Everything that is loaded before a command runs: imports that are evaluated, not those asked for later. */
function loadedBy(entry: string, seen = new Set<string>()): Set<string> {
  if (seen.has(entry)) return seen;
  seen.add(entry);
  const text = readFileSync(entry, 'utf8');
  for (const [, clause, name] of text.matchAll(/^(?:import|export) (?!type )([^;]*? from )?'([^']+)';$/gms)) {
    const onlyTypes = clause && /^\{(?:\s*type \w+,?)+\s*\} from $/.test(clause);
    if (onlyTypes) continue;
    if (name!.startsWith('.')) loadedBy(resolve(dirname(entry), name!), seen);
    else seen.add(name!);
  }
  return seen;
}

it('loads nothing but its own files, the domain and Node for `apps`', () => {
  const loaded = [...loadedBy(main), ...loadedBy(join(root, 'platform/cli/commands/apps.ts'))];
  expect(loaded).toContain(join(root, 'platform/cli/client.ts'));
  const strange = loaded.filter((one) => {
    if (one.startsWith('/')) return !/^platform\/(cli|domain)\//.test(relative(root, one));
    return !builtinModules.includes(one.replace(/^node:/, ''));
  });
  expect(strange).toEqual([]);
});

it('loads the WebSocket library for an attached run only', () => {
  expect([...loadedBy(join(root, 'platform/cli/commands/run.ts'))]).not.toContain('ws');
  expect([...loadedBy(join(root, 'platform/cli/run-session.ts'))]).toContain('ws');
});

it('is a program: its first line says who runs it', () => {
  expect(readFileSync(main, 'utf8').split('\n')[0]).toBe('#!/usr/bin/env node');
});

function program(argv: readonly string[], url: string) {
  return spawn(process.execPath, ['--import', import.meta.resolve('tsx'), main, ...argv], {
    env: { PATH: process.env['PATH'], TWELVE_URL: url, TWELVE_TOKEN: 'secret-token' },
  });
}

it('is quiet when its reader leaves', async () => {
  const apps = Array.from({ length: 20_000 }, (_, index) => ({ name: `app-${index}` }));
  await using api = await scriptedApi({
    'GET /apps': { body: apps },
    'POST /apps/hello/log-sessions': () => ({ status: 201, body: { logplex_url: `${api.url}/logs` } }),
    'GET /logs': (_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      const timer = setInterval(() => response.write('data: line\n\n'), 5);
      response.on('close', () => clearInterval(timer));
      return undefined;
    },
  });
  for (const argv of [['apps'], ['logs', '--tail', '-a', 'hello']]) {
    const child = program(argv, api.url);
    let err = '';
    child.stderr.on('data', (part) => (err += String(part)));
    await once(child.stdout, 'data');
    child.stdout.destroy();
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(err).toBe('');
  }
});

it('ends with 130 on Ctrl-C', async () => {
  await using api = await scriptedApi({ 'GET /apps': () => undefined });
  const child = program(['apps'], api.url);
  while (api.asked.length === 0) await new Promise((done) => setTimeout(done, 10));
  child.kill('SIGINT');
  expect(await once(child, 'exit')).toEqual([130, null]);
});

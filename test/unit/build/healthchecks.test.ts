// Health checks in app.json: Dokku's form, its defaults, and what ends the build.
import { expect, it } from 'vitest';
import { parseAppJson } from '../../../platform/build/app-json.ts';
import type { HealthChecks } from '../../../platform/domain/health-check.ts';

const read = (healthchecks: unknown): HealthChecks | undefined =>
  parseAppJson(JSON.stringify({ healthchecks }), (sentence) => {
    throw new Error(sentence);
  }).declared.healthchecks;

it('has the defaults of Dokku', () => {
  expect(read({ web: [{ path: '/ready', description: 'others may stand there, too' }] })).toEqual({
    web: [
      {
        type: 'startup',
        name: 'GET /ready on port 5006',
        probe: { how: 'http', path: '/ready', port: null, content: '', headers: [] },
        attempts: 3,
        timeout: 5,
        wait: 5,
        initialDelay: 0,
        warn: false,
        onFailure: null,
      },
    ],
  });
});

it.each([
  [{ command: ['bin/alive', '-q'] }, { how: 'command', command: ['bin/alive', '-q'] }],
  [{ command: 'bin/alive' }, { how: 'command', command: 'bin/alive' }],
  [{ listening: true }, { how: 'listening', port: null }],
  [{ port: 8080 }, { how: 'listening', port: 8080 }],
  [{ uptime: 10 }, { how: 'uptime', seconds: 10 }],
  [{ content: 'ok' }, { how: 'http', path: '/', port: null, content: 'ok', headers: [] }],
  [
    { path: '/x', httpHeaders: [{ name: 'Host', value: 'example.com' }], port: 81 },
    { how: 'http', path: '/x', port: 81, content: '', headers: [{ name: 'Host', value: 'example.com' }] },
  ],
])('understands %j', (entry, probe) => {
  expect(read({ web: [entry] })?.['web']?.[0]?.probe).toEqual(probe);
});

it('without any, nothing is declared', () => {
  expect(read(undefined)).toBeUndefined();
  expect(read(null)).toBeUndefined();
});

it.each([
  [{ web: [{}] }, 'healthchecks.web.0 cannot be used: it says nothing to check'],
  [{ web: { path: '/' } }, 'healthchecks.web cannot be used'],
  [{ web: [{ path: 'ready' }] }, 'healthchecks.web.0.path cannot be used: not a path'],
  [{ web: [{ path: '/ x' }] }, 'healthchecks.web.0.path cannot be used'],
  [{ web: [{ path: '/', command: 'x' }] }, 'it has path and command; a check asks one thing'],
  [{ web: [{ path: '/', type: 'ready' }] }, 'healthchecks.web.0.type cannot be used'],
  [{ web: [{ path: '/', attempts: 0 }] }, 'healthchecks.web.0.attempts cannot be used'],
  [{ web: [{ path: '/', scheme: 'https' }] }, 'healthchecks.web.0.scheme cannot be used'],
  [{ web: [{ uptime: 5, type: 'liveness' }] }, 'healthchecks.web.0.uptime cannot be used'],
  [{ worker: [{ path: '/' }] }, 'it does not say which port; only web has $PORT'],
  [
    { worker: [{ command: 'x', type: 'readiness' }] },
    'healthchecks.worker.0.type cannot be used: readiness is for web',
  ],
  [{ web: [{ path: '/', onFailure: { url: 'http://x' } }] }, 'healthchecks.web.0.onFailure cannot be used'],
  [
    { web: [{ path: '/', httpHeaders: [{ name: 'A', value: 'b\r\nC: d' }] }] },
    'httpHeaders.0.value cannot be used',
  ],
])('ends the build for %j', (healthchecks, sentence) => {
  expect(() => read(healthchecks)).toThrow(sentence);
});

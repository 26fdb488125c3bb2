// Health checks in app.json: Dokku's form, its defaults, and what ends the build.
import { expect, it } from 'vitest';
import { parseAppJson } from '../../../platform/build/app-json.ts';
import { unknownTypes } from '../../../platform/build/app-json-words.ts';
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
  [[], 'healthchecks cannot be used: it must be an object with a list of checks for each process type'],
  [false, 'healthchecks cannot be used: it must be an object'],
  [{ web: ['/ready'] }, 'healthchecks.web.0 cannot be used: it must be an object such as'],
  [{ 'we b': [] }, 'healthchecks.we b cannot be used: it is not a process type'],
  [JSON.parse('{"__proto__": [{"path": "/"}]}'), 'healthchecks.__proto__ cannot be used'],
  [{ web: Array(21).fill({ path: '/' }) }, '20 checks of a process type are the most'],
  [{ web: [{ path: '/', attempts: -1 }] }, 'attempts cannot be used: Too small: expected number to be >=1'],
  [{ web: [{ path: '/', attempts: '3' }] }, 'attempts cannot be used: Invalid input: expected number'],
  [{ web: [{ path: '/', timeout: 1e300 }] }, 'timeout cannot be used: Too big: expected number to be <=300'],
  [{ web: [{ port: 70_000 }] }, 'healthchecks.web.0.port cannot be used: Too big'],
  [{ web: [{ listening: 'yes' }] }, 'healthchecks.web.0.listening cannot be used'],
  [{ web: [{ command: 'a\0b' }] }, 'command cannot be used: it contains a NUL byte'],
  [{ web: [{ command: [''] }] }, 'healthchecks.web.0.command cannot be used: it is empty'],
  [{ web: [{ command: ['x', 3] }] }, 'command cannot be used: it must be a text, or a list of texts'],
  [{ web: [{ command: 'x'.repeat(5000) }] }, 'command cannot be used: it has more than 4096 characters'],
  [{ web: [{ path: '/', name: 'a\u001b[2J' }] }, 'name cannot be used: it contains control characters'],
])('ends the build for %j', (healthchecks, sentence) => {
  expect(() => read(healthchecks)).toThrow(
    expect.objectContaining({
      code: 'build_failed',
      details: { id: 'E21' },
      message: expect.stringContaining(sentence),
    }),
  );
});

it('two of one name are two checks: a message says what each asked, too', () => {
  const two = read({ web: ['/a', '/b'].map((path) => ({ name: 'ready', path })) });
  expect(two?.['web']?.map(({ name }) => name)).toEqual(['ready', 'ready']);
});

it('a property that is mistyped is told, and what was meant; one that is something else is not', () => {
  const told: string[] = [];
  const text = JSON.stringify({
    healthchecks: { web: [{ path: '/', attemps: 9, initial_delay: 3, tier: 1 }] },
  });
  parseAppJson(text, (sentence) => told.push(sentence));
  expect(told).toEqual([
    'app.json: healthchecks.web.0.attemps is not used. Did you mean attempts?',
    'app.json: healthchecks.web.0.initial_delay is not used. Did you mean initialDelay?',
  ]);
});

it('process types that the app does not have are named', () => {
  const healthchecks = read({ wbe: [{ command: 'x' }], web: [{ path: '/' }] })!;
  const settings = { 'rollout.wroker': 'overlap', 'checks.web': 'off', order: 'web,clock', parallel: '2' };
  expect(unknownTypes({ healthchecks, settings }, ['web', 'worker'])).toEqual([
    'healthchecks.wbe',
    'process_settings.rollout.wroker',
    'clock in process_settings.order',
  ]);
  expect(unknownTypes({}, ['web'])).toEqual([]);
});

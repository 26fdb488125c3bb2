// Metrics of a platform that works: Prometheus' own program reads them, and they say what was visited, runs and was built.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { cache } from '../support/cache.ts';
import { startPlatform } from '../support/platform.ts';
import { run } from '../support/program.ts';
import { eventually } from '../support/wait.ts';

/** Of the package, or of its copy that scripts/test --full lays. */
function promtool(): string {
  const copy = join(cache, 'promtool', 'usr', 'bin', 'promtool');
  return existsSync(copy) ? copy : 'promtool';
}

it('a visit, a build and what runs are in them', async () => {
  await using platform = await startPlatform();
  const hello = await platform.createApp('hello', 'hello-node');
  await platform.push(hello);
  expect((await platform.visit('hello')).status).toBe(200);
  const metrics = async (): Promise<string> =>
    await (
      await fetch(`${platform.url}/metrics`, { headers: { authorization: `Bearer ${platform.token}` } })
    ).text();
  // Memory is read every ten seconds.
  const text = await eventually(metrics, (all) =>
    /twelve_process_memory_bytes\{app="hello",type="web"\} [1-9]/.test(all),
  );
  for (const line of [
    'twelve_http_requests_total{app="hello",status="200"} 1',
    'twelve_http_request_duration_seconds_count{app="hello"} 1',
    'twelve_processes{app="hello",type="web",state="up"} 1',
    'twelve_builds_total{app="hello",result="succeeded"} 1',
  ])
    expect(text.split('\n')).toContain(line);
  const read = await run(promtool(), ['check', 'metrics'], { input: text });
  expect(read).toMatchObject({ status: 0, stdout: '', stderr: '' });
  expect((await fetch(`${platform.url}/health`)).status).toBe(200);
  // What only deserves a look, such as a name that this machine does not resolve, is no failure.
  const doctor = await platform.cli(['doctor']);
  expect(doctor.stdout).not.toContain('FAIL');
  expect(doctor).toMatchObject({ status: 0, stderr: '' });
  expect(doctor.stdout).toMatch(/^ok {4}parts +database, engine and router answer$/m);
  const status = await platform.cli(['server:status']);
  expect(status.stdout).toMatch(/^Processes: +1 up of 1 wanted$/m);
  expect(status.stdout).toMatch(/^ +\d+\.\d [KM]B {2}slugs$/m);
});

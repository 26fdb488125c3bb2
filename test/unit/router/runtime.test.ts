// Talking with HAProxy's sockets: what is refused for a moment is said again, what nobody takes is told.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRuntime } from '../../../platform/router/runtime.ts';

let folder: string;
let master: Server | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twelve-runtime-'));
});
afterEach(() => {
  master?.close();
  rmSync(folder, { recursive: true });
});

test('a master that executes itself anew is asked again; it has the command once', async () => {
  const reloading = createRuntime(folder).reload();
  await delay(100);
  const heard: string[] = [];
  master = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('data', (data) => heard.push(data.toString()));
    socket.on('end', () => socket.end('Success=1\n--\n'));
  }).listen(join(folder, 'master.sock'));
  await reloading;
  expect(heard).toEqual(['reload\n']);
});

test('one that stays away is told', async () => {
  await expect(createRuntime(folder).reload()).rejects.toMatchObject({
    code: 'service_unavailable',
    message: expect.stringMatching(/^The router does not answer \(.*ENOENT/),
  });
});

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { scriptedApi, start, twelve } from './scripted.ts';

/** The other end: keeps what came, and answers as the test says. */
async function attachable() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const input: Buffer[] = [];
  const messages: Record<string, unknown>[] = [];
  let socket: WebSocket | undefined;
  server.on('connection', (client) => {
    socket = client;
    client.on('message', (data: Buffer, binary) => {
      if (binary) input.push(data);
      else messages.push(JSON.parse(data.toString()) as Record<string, unknown>);
    });
    client.send(JSON.stringify({ type: 'started', name: 'run.7' }));
  });
  const api = await scriptedApi({
    'POST /apps/hello/dynos': (asked) => ({
      status: 201,
      body: {
        name: 'run.7',
        attach_url: (asked.body as { attach: boolean }).attach
          ? `ws://127.0.0.1:${(server.address() as AddressInfo).port}/attach/secret`
          : null,
      },
    }),
  });
  return {
    api,
    messages,
    input: () => Buffer.concat(input).toString(),
    connected: () => socket !== undefined,
    socket: () => socket!,
    output: (mark: number, text: string) =>
      socket!.send(Buffer.concat([Buffer.from([mark]), Buffer.from(text)])),
    say: (message: Record<string, unknown>) => socket!.send(JSON.stringify(message)),
    async [Symbol.asyncDispose]() {
      for (const client of server.clients) client.terminate();
      server.close();
      await api[Symbol.asyncDispose]();
    },
  };
}

it('passes input, both outputs and the exit status through, without a terminal', async () => {
  await using end = await attachable();
  const run = start(['run', '-a', 'hello', '-e', 'A=1', '--size', 'standard-2x', 'cat', '-n'], {
    url: end.api.url,
  });
  await run.until(end.connected);
  run.stdin.end('some input\n');
  await run.until(() => end.messages.some((message) => message['type'] === 'eof'));
  expect(end.input()).toBe('some input\n');
  end.output(1, 'out\n');
  end.output(2, 'err\n');
  end.say({ type: 'exit', code: 4 });
  expect(await run.ended).toBe(4);
  expect(run.out()).toBe('out\n');
  expect(run.err()).toBe('Running cat -n on hello... done, run.7\nerr\n');
  expect(end.api.asked[0]!.headers['twelve-attach']).toBe('websocket');
  expect(end.api.asked[0]!.body).toEqual({
    command: 'cat -n',
    attach: true,
    force_no_tty: true,
    env: { A: '1' },
    size: 'standard-2x',
    type: 'run',
  });
});

it('forwards signals and lets the process decide', async () => {
  await using end = await attachable();
  const run = start(['run', '-a', 'hello', 'sleep 60'], { url: end.api.url });
  await run.until(end.connected);
  await run.until(() => run.signals.listenerCount('SIGTERM') > 0);
  run.signals.emit('SIGINT');
  run.signals.emit('SIGTERM');
  await run.until(() => end.messages.length >= 2);
  expect(end.messages).toEqual([
    { type: 'signal', signal: 'SIGINT' },
    { type: 'signal', signal: 'SIGTERM' },
  ]);
  end.say({ type: 'exit', code: 143 });
  expect(await run.ended).toBe(143);
  expect(run.signals.eventNames()).toEqual([]);
});

it('hands the terminal over, tells its size, and puts it back', async () => {
  await using end = await attachable();
  const run = start(['run', '-a', 'hello', 'bash'], { url: end.api.url, terminal: true });
  await run.until(() => end.messages.length > 0);
  Object.assign(run.stdout, { columns: 120, rows: 40 });
  run.stdout.emit('resize');
  run.stdin.write('\x03');
  await run.until(() => end.messages.length > 1 && end.input() !== '');
  expect(end.messages).toEqual([
    { type: 'resize', columns: 100, rows: 30 },
    { type: 'resize', columns: 120, rows: 40 },
  ]);
  expect(end.input()).toBe('\x03');
  expect(end.api.asked[0]!.body).toMatchObject({
    force_no_tty: false,
    columns: 100,
    rows: 30,
    env: { TERM: 'xterm' },
  });
  end.output(1, '\x1b[2Jscreen');
  end.say({ type: 'exit', code: 0 });
  expect(await run.ended).toBe(0);
  expect(run.out()).toBe('\x1b[2Jscreen');
  expect(run.stdin.rawModes).toEqual([true, false]);
  expect(run.stdout.listenerCount('resize')).toBe(0);
});

it('says that the connection was lost, and puts the terminal back', async () => {
  await using end = await attachable();
  const run = start(['run', '-a', 'hello', 'bash'], { url: end.api.url, terminal: true });
  await run.until(() => end.messages.length > 0);
  end.socket().terminate();
  expect(await run.ended).toBe(1);
  expect(run.err()).toContain('The connection to the process was lost');
  expect(run.err()).toContain('A process ends with the connection that it is attached to');
  expect(run.stdin.rawModes).toEqual([true, false]);
});

it("tells the server's reason when the process cannot be started", async () => {
  await using end = await attachable();
  const run = start(['run', '-a', 'hello', 'bash'], { url: end.api.url });
  await run.until(end.connected);
  end.say({ type: 'error', message: 'The engine is full.' });
  expect(await run.ended).toBe(1);
  expect(run.err()).toContain(' !     The engine is full.');
});

it('runs on its own when detached', async () => {
  await using end = await attachable();
  for (const argv of [
    ['run:detached', '-a', 'hello', 'rake', 'tidy'],
    ['run', '-d', '-a', 'hello', 'rake', 'tidy'],
  ]) {
    const { status, out, err } = await twelve(argv, { url: end.api.url });
    expect({ status, out }).toEqual({ status: 0, out: 'run.7\n' });
    expect(err).toContain('twelve logs -p run.7 -a hello');
    expect(end.api.asked.at(-1)!.body).toMatchObject({ attach: false, command: 'rake tidy' });
  }
  expect(end.connected()).toBe(false);
});

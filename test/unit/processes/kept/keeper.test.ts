// The keeper by itself: half lines and late ones of servers before, a terminal of its own, its status when nobody comes for it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { keptCommand } from '../../../../platform/processes/kept/command.ts';

const begun: ReturnType<typeof spawn>[] = [];
afterEach(() => {
  for (const child of begun.splice(0)) child.kill('SIGKILL');
});

function keeper(command: string, tty = false) {
  const [program, ...words] = keptCommand(['/bin/sh', '-c', command], tty, { columns: 101, rows: 37 });
  const child = spawn(program!, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  begun.push(child);
  let said = '';
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    said += text;
  });
  const printed = (): string => said.replace(/^[oe] \d+ \d+\n/gm, '');
  return {
    child,
    status: once(child, 'close').then(([code]) => code as number),
    tell: (text: string) => void child.stdin.write(text),
    async said(what: string) {
      while (!said.includes(what) && !printed().includes(what)) await once(child.stdout, 'data');
    },
    all: () => said,
  };
}

it('takes nothing of a line that a server left half-written, and nothing twice', async () => {
  const one = keeper('cat; exit 3');
  one.tell('\nhello first 0 0 .\nin 0 3 616263 .\nin 3 3 6465');
  await one.said('o 0 3\nabc');
  one.tell('\nhello second 1 0 .\nin 3 3 646566 .\n');
  await one.said('t 6\n');
  // Late ones of the first: known already, ahead of what is known, cut short.
  one.tell('in 0 3 616263 .\nin 9 1 7a .\nin 6 3 67 .\nin 4 4 65666768 .\neof 8 .\n');
  await one.said('x 3\n');
  one.tell('\nhello third 0 0 .\n');
  await one.said('h third 8\no 1 7\nbcdefghx 3\n');
  one.tell('bye .\n');
  expect(await one.status).toBe(3);
});

it('gives a terminal with its size, and ends with the status of a signal', async () => {
  const one = keeper('tty; stty size; read word; stty size; echo "<$word>"; kill -9 $$', true);
  one.tell('\nhello first 0 0 .\n');
  await one.said('37 101\r\n');
  expect(one.all()).toContain('/dev/pts/');
  one.tell('size 77 22 .\nin 0 3 68690a .\n');
  await one.said('22 77\r\n<hi>\r\n');
  await one.said('x 137\n');
  one.tell('bye .\n');
  expect(await one.status).toBe(137);
});

it('has the command wait for the first who is there, and not begin when it is told to end before', async () => {
  const one = keeper('read word; echo "<$word>"; exit 2');
  one.tell('begun asker .\n');
  await one.said('\nb asker 0\n');
  await sleep(200);
  expect(one.all()).toBe('\nb asker 0\n');
  one.tell('\nhello first 0 0 .\nin 0 3 68690a .\n');
  await one.said('x 2\n');
  expect(one.all()).toContain('<hi>\n');
  one.tell('begun asker .\n');
  await one.said('\nb asker 1\n');
  const other = keeper('echo begun; exit 2');
  await sleep(300);
  other.child.kill('SIGHUP');
  expect(await other.status).toBe(129);
  expect(other.all()).toBe('');
});

it('does not wait for anybody to take its status once it was told to end', async () => {
  const one = keeper('trap "exit 5" TERM; echo begun; while :; do sleep 0.05; done');
  one.tell('\nhello first 0 0 .\n');
  await one.said('begun');
  one.child.kill('SIGTERM');
  // As on the engine, where a signal reaches all of them.
  spawn('pkill', ['-TERM', '-P', String(one.child.pid)]);
  expect(await one.status).toBe(5);
});

it('what the command left behind does not keep it', async () => {
  const one = keeper('(while :; do echo more; done) & echo $!; exit 4');
  one.tell('\nhello first 0 0 .\n');
  while (!/x 4\n/.test(one.all())) {
    one.tell(`seen ${Buffer.byteLength(one.all())} 0 .\n`);
    const seen = [...one.all().matchAll(/o (\d+) (\d+)\n/g)].at(-1);
    if (seen) one.tell(`seen ${Number(seen[1]) + Number(seen[2])} 0 .\n`);
    await Promise.race([once(one.child.stdout, 'data'), new Promise((resolve) => setTimeout(resolve, 20))]);
  }
  one.tell('bye .\n');
  expect(await one.status).toBe(4);
});

it('while the rest of what it printed waits for somebody to take it, the keeper sleeps; its status comes after that', async () => {
  // As much as is kept and a pipe more: whatever pieces it comes in, the last one is in the pipe when the command ends.
  const bytes = 1_048_576 + 65_536;
  const one = keeper(`head -c ${bytes} /dev/zero; exit 6`);
  one.tell('\nhello first 0 0 .\n');
  while (one.all().length < 1_048_576) await once(one.child.stdout, 'data');
  const ticks = (): number => {
    const words = readFileSync(`/proc/${one.child.pid}/stat`, 'utf8').split(' ');
    return Number(words[13]) + Number(words[14]);
  };
  await sleep(300);
  const before = ticks();
  await sleep(700);
  expect(ticks() - before).toBeLessThan(5);
  expect(one.all()).not.toContain('x 6');
  one.tell('seen 1048576 0 .\n');
  await one.said('x 6\n');
  expect(one.all().split('x 6\n')[0]!.replaceAll(/[^\0]/g, '').length).toBe(bytes);
  one.tell('bye .\n');
  expect(await one.status).toBe(6);
});

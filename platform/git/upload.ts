// What clients read: the list of refs (before a clone, fetch or push) and the objects of a clone or fetch.
import { pipeline } from 'node:stream/promises';
import { bodyOf, type Exchange, refuse, sendHead } from './exchange.ts';
import { ended, lastWords, type Programs } from './programs.ts';
import type { Service } from './route.ts';
import type { Job } from './work.ts';

const resultType = 'application/x-git-upload-pack-result';

export interface Reading {
  exchange: Exchange;
  repository: string;
  protocol: string | null;
}

export async function advertiseRefs(
  programs: Programs,
  service: Service,
  { exchange, repository, protocol }: Reading,
): Promise<void> {
  const refs = await programs.output([service, '--stateless-rpc', '--advertise-refs', repository], {
    env: protocol ? { GIT_PROTOCOL: protocol } : {},
    signal: exchange.lost,
  });
  sendHead(exchange, `application/x-git-${service}-advertisement`);
  // Version 2 starts with its own greeting; there is no version 2 of pushing, whatever the client says.
  const modern = service === 'upload-pack' && /(^|:)version=2(:|$)/.test(protocol ?? '');
  const greeting = `# service=git-${service}\n`;
  if (!modern) exchange.response.write(`${packetLength(greeting)}${greeting}0000`);
  exchange.response.end(refs);
}

/** The length of a packet line is written before it, in four hex digits that count themselves. */
function packetLength(text: string): string {
  return (text.length + 4).toString(16).padStart(4, '0');
}

export async function uploadPack(
  programs: Programs,
  { exchange, repository, protocol, gzip, job }: Reading & { gzip: boolean; job: Job },
): Promise<void> {
  const child = programs.start(['upload-pack', '--stateless-rpc', repository], {
    env: protocol ? { GIT_PROTOCOL: protocol } : {},
    stdio: 'pipe',
  });
  const stop = (): void => void child.kill('SIGTERM');
  const ending = AbortSignal.any([exchange.lost, job.cancelled]);
  ending.addEventListener('abort', stop, { once: true });
  if (ending.aborted) stop();
  const stderr: Buffer[] = [];
  child.stderr!.on('data', (chunk: Buffer) => stderr.push(chunk));
  const body = bodyOf(exchange, gzip);
  child.stdin!.on('error', () => body.resume());
  body.once('error', (error) => {
    stderr.push(Buffer.from(`the request cannot be read (${error.message})`));
    stop();
  });
  body.pipe(child.stdin!);
  child.stdout!.once('data', () => sendHead(exchange, resultType));
  const answered = pipeline(child.stdout!, exchange.response, { end: false }).catch(stop);
  const status = await ended(child);
  await answered;
  if (exchange.response.destroyed) return;
  if (status !== 0 && !exchange.response.headersSent) {
    refuse(exchange, 400, `git could not answer: ${lastWords(Buffer.concat(stderr))}`);
    return;
  }
  if (!exchange.response.headersSent) sendHead(exchange, resultType);
  exchange.response.end();
}

// A file to an address that the server gave: whoever knows the address may write there.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CliError } from './errors.ts';
import type { Trust } from './trust.ts';

export interface Upload {
  /** @param trust as the client of the API has it for this URL */
  send(url: string, signal: AbortSignal, trust: Trust): Promise<void>;
}

const silenceMs = 120_000;

/** Before anything is asked of the server. @throws CliError when it is no file */
export async function openUpload(folder: string, file: string): Promise<Upload> {
  const path = resolve(folder, file);
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new CliError(`${file} cannot be read (${error.code ?? error.message}).`);
  });
  if (!found.isFile())
    throw new CliError(`${file} is not a file. Pack the source first: tar -czf source.tgz -C ${file} .`);
  return { send: (url, signal, trust) => send(path, found.size, new URL(url), signal, trust) };
}

async function send(path: string, size: number, url: URL, signal: AbortSignal, trust: Trust): Promise<void> {
  const http = url.protocol === 'https:' ? await import('node:https') : await import('node:http');
  const request: ClientRequest = http.request(url, {
    method: 'PUT',
    ...trust,
    headers: { 'Content-Type': '', 'Content-Length': size },
    timeout: silenceMs,
    signal,
  });
  request.on('timeout', () => request.destroy(new Error('nothing moved for too long')));
  const answered = new Promise<IncomingMessage>((settle, reject) => {
    request.once('response', settle);
    request.once('error', reject);
  });
  // A server that refuses answers before it has read everything: its answer says more than the broken pipe.
  const sending = pipeline(createReadStream(path), request).catch((error: unknown) => error);
  try {
    const response = await answered;
    const text = await textOf(response);
    if (response.statusCode === 200) return;
    throw new CliError(sentenceIn(text) ?? `The server answered with status ${response.statusCode}.`);
  } catch (error) {
    if (error instanceof CliError) throw error;
    signal.throwIfAborted();
    throw new CliError(`The archive could not be sent: ${error instanceof Error ? error.message : error}.`);
  } finally {
    request.destroy();
    await sending;
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}

function sentenceIn(text: string): string | null {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === 'string' ? message : null;
  } catch {
    return null;
  }
}

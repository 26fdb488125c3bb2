// api: any request to the API, for scripts and for what has no command of its own.
import { readFileSync } from 'node:fs';
import type { RawAnswer } from '../client.ts';
import type { Call, Command } from '../command.ts';
import { CliError, usageError } from '../errors.ts';
import { readAll } from '../prompt.ts';
import { parseJson } from '../understand.ts';

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE']);

const api: Command = {
  name: 'api',
  usage: 'api [method] <path>',
  summary: 'send a request to the API with your token, and print what it answers',
  example: 'twelve api GET /apps',
  examples: [
    `twelve api PATCH /apps/hello/config-vars -d '{"GREETING":"hi"}'`,
    'twelve api /apps/hello/releases --all',
    "twelve api /apps/hello/releases -H 'Range: version ..; max=1, order=desc'",
  ],
  see: ['help all'],
  flags: {
    data: {
      type: 'string',
      short: 'd',
      mayBeEmpty: true,
      help: 'the body; @FILE: of a file, -: of standard input, which is also read where it is no terminal',
    },
    header: {
      type: 'string',
      short: 'H',
      multiple: true,
      help: 'another header, such as "Range: id ..; max=5"',
    },
    include: { type: 'boolean', short: 'i', help: 'the status and the headers of the answer, too' },
    all: { type: 'boolean', help: 'all pages of a list, as one list' },
  },
  async run(call) {
    const { method, path } = asked(call.words);
    const headers = Object.fromEntries(call.all('header').map(headerOf));
    const body = await bodyOf(call, method);
    const first = await call.api().ask(method, path, { headers, ...(body === undefined ? {} : { body }) });
    const answer = call.on('all') ? await withOthers(call, { method, path, headers }, first) : first;
    print(call, answer);
    const more = answer.headers['next-range'];
    if (more && !call.on('all')) call.out.notice(`There is more: --all, or -H 'Range: ${String(more)}'`);
    return statusOf(call, answer);
  },
};

function asked(words: readonly string[]): { method: string; path: string } {
  const [path = '', method = 'GET'] = [...words].reverse();
  const verb = method.toUpperCase();
  if (!methods.has(verb)) throw usageError(`"${method}" is not a method. Use ${[...methods].join(', ')}.`);
  if (!path.startsWith('/'))
    throw usageError(`"${path}" is not a path of the API. It begins with a slash: twelve api ${verb} /apps`);
  return { method: verb, path };
}

function headerOf(text: string): [string, string] {
  // What else a value has, HTTP cannot send.
  const [, name, value] = /^([\w-]+)\s*:\s*([\t\x20-\x7e\x80-\xff]*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw usageError(`"${text}" is not a header. Write -H 'Name: value'.`);
  return [name, value];
}

async function bodyOf(call: Call, method: string): Promise<string | undefined> {
  const given = call.text('data');
  if (given === '-') return await readAll(call.world.stdin);
  if (given?.startsWith('@')) {
    try {
      return readFileSync(given.slice(1), 'utf8');
    } catch (error) {
      throw new CliError(`The body cannot be read: ${(error as Error).message}`);
    }
  }
  if (given !== undefined) return given;
  if (method === 'GET' || method === 'HEAD' || method === 'DELETE' || call.world.stdin.isTTY)
    return undefined;
  return (await readAll(call.world.stdin)) || undefined;
}

/** A list's pages as one. */
async function withOthers(
  call: Call,
  request: { method: string; path: string; headers: Record<string, string> },
  first: RawAnswer,
): Promise<RawAnswer> {
  const list = parseJson(first.content);
  if (!Array.isArray(list)) return first;
  let answer = first;
  while (answer.status === 206 && answer.headers['next-range']) {
    const headers = { ...request.headers, Range: String(answer.headers['next-range']) };
    answer = await call.api().ask(request.method, request.path, { headers });
    const page = parseJson(answer.content);
    if (!Array.isArray(page)) return answer;
    list.push(...page);
  }
  return { ...answer, content: JSON.stringify(list) };
}

function print({ on, out, world }: Call, { status, headers, content }: RawAnswer): void {
  if (on('include')) {
    out.line(`HTTP ${status}`);
    for (const [name, value] of Object.entries(headers)) out.line(`${name}: ${String(value)}`);
    out.line();
  }
  const value = parseJson(content);
  if (value !== undefined && world.stdout.isTTY) out.json(value);
  else if (content !== '') out.raw(content.endsWith('\n') ? content : `${content}\n`);
}

/** As its class says: 4 for a refusal, 5 for a failure of the server. */
function statusOf({ out }: Call, { status, content }: RawAnswer): number {
  if (status < 400) return 0;
  const message = (parseJson(content) as { message?: unknown } | undefined)?.message;
  out.error(typeof message === 'string' ? message : `The server answered with status ${status}.`);
  return status < 500 ? 4 : 5;
}

export const commands: readonly Command[] = [api];

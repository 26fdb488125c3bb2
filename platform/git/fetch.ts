// One commit of somebody else's repository into a folder, from exactly the addresses that were checked.
import { existsSync } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PinnedHost } from '../domain/address.ts';
import { messageOf, PlatformError } from '../domain/errors.ts';
import type { Programs } from './programs.ts';

export interface FetchNeeds {
  programs: Programs;
  /** Certificate authorities beside the machine's own. */
  caFile: string | null;
}

export interface FetchOrder {
  /** https; a user name and password are sent, and shown nowhere. */
  url: URL;
  /** Where a connection may go. */
  pinned: PinnedHost;
  commit: string;
  /** An empty folder; becomes a bare repository. */
  into: string;
  maxBytes: number;
  signal: AbortSignal;
  advice: Advice;
}

/** The ends of some sentences: what to do depends on where the URL and the commit were written. */
export interface Advice {
  /** `10 MB left for submodules` */
  room: string;
  moved: string;
  commit: string;
}

export const submoduleAdvice: Advice = {
  room: 'left for submodules',
  moved: 'Write the URL it leads to into .gitmodules.',
  commit: 'Push that commit there, or choose another one (git submodule update --remote).',
};

const certificates = '/etc/ssl/certs';
const watchMs = 500;
/** git's number for as deep as it goes. */
const allDepth = '--depth=2147483647';

/** @returns bytes fetched. @throws PlatformError `build_failed`, a sentence of why not; the signal's reason */
export async function fetchCommit(needs: FetchNeeds, order: FetchOrder): Promise<number> {
  const { programs } = needs;
  await requirePins(programs);
  await programs.output(['init', '--bare', '--quiet', '--template=', order.into], { signal: order.signal });
  const watch = watchSize(order);
  const signal = AbortSignal.any([order.signal, watch.exceeded]);
  const fetch = (...wanted: string[]): Promise<unknown> =>
    programs.output(['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', ...wanted], {
      env: fetchEnv(needs, order),
      signal,
      group: true,
    });
  const address = withoutLogin(order.url);
  try {
    // The commit alone. A server that gives only what branches and tags name is asked for all of those.
    await fetch('--depth=1', address, order.commit).catch(async (error: unknown) => {
      if (signal.aborted || !/not our ref|unadvertised object/.test(messageOf(error))) throw error;
      // However deep, and not without a depth: git would take that by the old protocol too, file by file and unchecked.
      await fetch(allDepth, address, '+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*');
    });
    await requireCommit(programs, order);
    return await watch.check();
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof PlatformError ? error : unfetchable(order, error);
  } finally {
    watch.end();
  }
}

/** git before 2.37 would ignore where connections may go, and look the name up again. */
export async function requirePins(programs: Programs): Promise<void> {
  const printed = (await programs.output(['--version'])).toString();
  const [, major = 0, minor = 0] = /(\d+)\.(\d+)/.exec(printed)?.map(Number) ?? [];
  if (major > 2 || (major === 2 && minor >= 37)) return;
  throw refuse(
    `That needs git 2.37 or newer on the server, which has ${printed.trim()}. Update it there, or commit the files themselves.`,
  );
}

/** Nothing of this is an argument, which everybody on the machine could read. */
export function fetchEnv(
  { caFile }: Pick<FetchNeeds, 'caFile'>,
  { url, pinned, into }: Pick<FetchOrder, 'url' | 'pinned' | 'into'>,
): Record<string, string> {
  const addresses = pinned.addresses.map((one) => (one.includes(':') ? `[${one}]` : one)).join();
  const login = `${decoded(url.username)}:${decoded(url.password)}`;
  const settings = [
    // Whatever the name of the host: only these addresses, and no way on from there.
    ['http.curloptResolve', `*:${pinned.port}:${addresses}`],
    ['http.followRedirects', 'false'],
    ['http.lowSpeedLimit', '1000'],
    ['http.lowSpeedTime', '60'],
    ['credential.helper', ''],
    ...(login === ':'
      ? []
      : [['http.extraHeader', `Authorization: Basic ${Buffer.from(login).toString('base64')}`]]),
  ] as const;
  return {
    GIT_DIR: into,
    GIT_ALLOW_PROTOCOL: 'https',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    ...(caFile ? { GIT_SSL_CAINFO: caFile } : {}),
    ...(caFile && existsSync(certificates) ? { GIT_SSL_CAPATH: certificates } : {}),
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(
      settings.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key!],
        [`GIT_CONFIG_VALUE_${index}`, value!],
      ]),
    ),
  };
}

/** A percent sign that begins nothing stands for itself. */
function decoded(text: string): string {
  return Buffer.from(
    text.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number(`0x${hex}`))),
    'latin1',
  ).toString();
}

export function withoutLogin(url: URL): string {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return bare.href;
}

async function requireCommit(
  programs: Programs,
  { into, commit, signal, advice }: FetchOrder,
): Promise<void> {
  const env = { GIT_DIR: into };
  await programs.output(['cat-file', '-e', `${commit}^{commit}`], { env, signal }).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw refuse(missing(commit, advice), cause);
  });
}

function missing(commit: string, advice: Advice): string {
  return `Its repository does not have the commit ${commit.slice(0, 10)}. ${advice.commit}`;
}

/** git has no limit of its own for what it fetches: what has arrived is looked at meanwhile, and at the end. */
function watchSize({ into, maxBytes, advice }: FetchOrder) {
  const exceeded = new AbortController();
  const check = async (): Promise<number> => {
    const size = await sizeOf(into);
    if (size > maxBytes) {
      exceeded.abort(refuse(`It is larger than the ${Math.floor(maxBytes / 1_048_576)} MB ${advice.room}.`));
    }
    exceeded.signal.throwIfAborted();
    return size;
  };
  const timer = setInterval(() => void check().catch(() => {}), watchMs);
  return { exceeded: exceeded.signal, check, end: () => clearInterval(timer) };
}

/** Of all files in there: git keeps what arrives in a pack, or unpacks it when there is little. */
async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) =>
      lstat(join(parentPath, name)).then(
        ({ size }) => size,
        // Renamed or removed since.
        () => 0,
      ),
    );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** git's words for what can be helped, in ours. */
const known: readonly (readonly [
  words: RegExp,
  sentence: (order: Pick<FetchOrder, 'commit' | 'advice'>, words: string) => string,
])[] = [
  [
    /could not read (Username|Password)|Authentication failed|error: 40[13]/,
    () =>
      'Its server asks for a login, or does not accept the one in its URL. A private repository needs one: https://<user>:<token>@<host>/<path>.',
  ],
  [
    /error: 3\d\d|redirect/i,
    ({ advice }) =>
      `Its server answers that it is elsewhere, and redirects are not followed. ${advice.moved}`,
  ],
  [/not found|error: 404/, () => 'There is no repository at that URL.'],
  [
    /certificate|SSL|TLS|CAfile/i,
    (_, words) =>
      `The certificate of its server is not trusted (${words}). Authorities of your own belong into TWELVE_CA_FILE.`,
  ],
  [/dumb http/, () => "Its server speaks git's old protocol only, and the smart one is needed."],
  [/not our ref|unadvertised object/, ({ commit, advice }) => missing(commit, advice)],
];

/** Its details have git's last line, for whoever shows it beside our sentence. */
export function unfetchable(order: Pick<FetchOrder, 'commit' | 'advice'>, error: unknown): PlatformError {
  const words = lastLine(messageOf(error));
  const sentence = known.find(([pattern]) => pattern.test(messageOf(error)))?.[1];
  return refuse(sentence?.(order, words) ?? `git says: ${words}`, error, { words });
}

/** Of git's message, without its prefix. */
function lastLine(message: string): string {
  const line =
    message.split('\n').findLast((one) => /^(fatal|error): |: (fatal|error): /.test(one)) ?? message;
  return line.replace(/^.*?(fatal|error): /, '').slice(0, 300);
}

function refuse(sentence: string, cause?: unknown, details: { words?: string } = {}): PlatformError {
  return new PlatformError('build_failed', sentence, details, cause === undefined ? {} : { cause });
}

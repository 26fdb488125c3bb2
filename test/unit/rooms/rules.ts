// The agreement between the rooms as functions: a source in, sentences about what it breaks out.
import { dirname, join } from 'node:path/posix';

export interface Source {
  /** Inside platform/: `git/receive.ts` */
  path: string;
  text: string;
}

/** From the top down; a room imports what stands on lower floors, never a neighbour. Why `certificates` is one: docs/decisions/69. */
const floors = [
  ['api', 'cli', 'dashboard'],
  ['actions'],
  ['git', 'build', 'slugs', 'processes', 'router', 'logs', 'certificates', 'services'],
  ['store', 'engine', 'archive'],
  ['domain'],
] as const;

/** Files beside the rooms. Programs join what they need; types of the settings and our own log may be seen by all. */
const programs = [
  'main.ts',
  'make-images.ts',
  'raise-user-limits.ts',
  'server-token.ts',
  'server-restore.ts',
];
const shared = ['config.ts', 'log.ts'];
/** Parts of programs. The address check and what downloads behind it are handed to stations: several need them, none may own them. */
const parts = ['address-check.ts', 'download.ts', 'greeting.ts', 'step-channel.ts'];

/** Which rooms (or files) may import a library. */
const libraries: Readonly<Record<string, readonly string[]>> = {
  dockerode: ['engine'],
  'better-sqlite3': ['store'],
  express: ['api'],
  // The command line is the other end of the same socket.
  ws: ['api', 'cli'],
  'tar-stream': ['archive'],
  yaml: ['build'],
  nanoid: ['store', 'actions', 'api', 'processes', 'build', 'git'],
  // At the borders: what comes in over HTTP, from the environment, and from buildpacks.
  zod: ['api', 'build', 'config.ts'],
  pino: ['log.ts'],
  // A schedule is refused where app.json is read, and reckoned with where processes are started.
  croner: ['build', 'processes'],
  'acme-client': ['certificates'],
  '@peculiar/x509': ['certificates'],
};

const environmentReaders = ['config.ts', 'cli/environment.ts'];
/** Programs hand process.env as a whole to one of the readers. */
const handedOn = /\b(readConfig|readEnvironment)\(process\.env\)/g;

const longest = 300;

export const violations = {
  imports: ({ path, text }: Source): string[] =>
    importsOf(text)
      .filter((name) => !allowed(path, name))
      .map((name) => `${path} imports ${name}`),

  libraries: ({ path, text }: Source): string[] =>
    importsOf(text)
      .filter((name) => !name.startsWith('.') && !name.startsWith('node:'))
      .map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/'))
      .filter((name) => !libraries[name]?.includes(roomOf(path)))
      .map((name) => `${path} imports ${name}, whose place is ${libraries[name]?.join(', ') ?? 'nowhere'}`),

  environment: ({ path, text }: Source): string[] => {
    const code = withoutWords(text).replace(handedOn, '');
    const reads = /\bprocess\s*\.\s*env\b/.test(code) || /import[^;]*\benv\b[^;]*'node:process'/.test(text);
    return reads && !environmentReaders.includes(path) ? [`${path} reads process.env`] : [];
  },

  size: ({ path, text }: Source): string[] => {
    const lines = text.trimEnd().split('\n').length;
    return lines > longest ? [`${path} has ${lines} lines`] : [];
  },

  header: ({ path, text }: Source): string[] => {
    const first = text.replace(/^#!.*\n/, '');
    return /^(\/\/|\/\*)/.test(first) ? [] : [`${path} starts without a line that says what lives there`];
  },
};

/** Every module a text names in import, export … from, or a dynamic import of a literal. */
function importsOf(text: string): string[] {
  const statements = /^\s*(?:import|export)\b(?:[^'";]*?\bfrom)?\s*'([^']+)'/gm;
  const dynamic = /\bimport\(\s*'([^']+)'\s*\)/g;
  return [statements, dynamic].flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1]!));
}

function allowed(from: string, name: string): boolean {
  const room = roomOf(from);
  if (!name.startsWith('.')) return room !== 'domain';
  const target = join(dirname(from), name);
  const targetRoom = roomOf(target);
  if (targetRoom === room && from.includes('/')) return true;
  if (programs.includes(from)) return !programs.includes(target);
  if (shared.includes(target)) return room !== 'domain' && room !== 'cli';
  // `twelve server` is the server itself, loaded when asked for.
  if (from === 'cli/commands/server.ts' && programs.includes(target)) return true;
  // Else the command line speaks HTTP; of ours it knows the words only.
  if (room === 'cli') return targetRoom === 'domain';
  if (shared.includes(from) || parts.includes(from)) return targetRoom === 'domain';
  return floorOf(targetRoom) > floorOf(room) && floorOf(room) >= 0;
}

/** The first folder, or the file itself where it stands beside the rooms. */
function roomOf(path: string): string {
  return path.split('/')[0]!;
}

function floorOf(room: string): number {
  return floors.findIndex((names) => (names as readonly string[]).includes(room));
}

/** Comments and strings say things; only code reads, and what stands in `${}` of a template. */
function withoutWords(text: string): string {
  const code = text.replace(/`(?:\\.|[^`\\])*`/g, (template) =>
    (template.match(/\$\{[^}]*\}/g) ?? []).join(),
  );
  return code.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g, "''");
}

// The buildpacks that come with the platform, in the order in which they are tried.

/** Which build image a buildpack wants: one with its language's tools ready, or the plain build stack. */
export type Language = 'node' | 'go' | 'plain';

/** The build image of each, by its name in platform/images. */
export const languageImage = {
  node: 'build-node',
  go: 'build-go',
  plain: 'build',
} as const satisfies Record<Language, string>;

/** What an image's first build waits for, and how long it usually takes. */
export const firstWait: Record<Language, string> = {
  node: 'the build stack for the first time, up to some minutes',
  go: 'Go for the first time, about half a minute',
  plain: 'the build stack for the first time, up to some minutes',
};

export interface FirstParty {
  name: string;
  language: Language;
  /** Files in the root that its bin/detect looks for. Only for choosing image and cache early: detection is bin/detect's. */
  markers: readonly string[];
  /** One more, which counts only where none of these is beside it. */
  weakMarker?: { name: string; unless: readonly string[] };
  /** How E1 lists it; null: never detected, only used when named. */
  supports: string | null;
  /** Names under which the same thing is known elsewhere. */
  aliases: readonly string[];
}

/** What static's bin/detect counts against an index.html. */
const looksLikeAProgram = [
  ...['package.json', 'requirements.txt', 'pyproject.toml', 'Pipfile', 'Pipfile.lock', 'poetry.lock'],
  ...[
    'uv.lock',
    'setup.py',
    'manage.py',
    'app.py',
    'main.py',
    'go.mod',
    'main.go',
    'Gemfile',
    'composer.json',
  ],
  ...['index.php', 'pom.xml', 'build.gradle', 'build.gradle.kts', 'Cargo.toml', 'mix.exs', 'deno.json'],
  ...['bun.lock', 'server.js', 'Procfile'],
];

export const firstParty: readonly FirstParty[] = [
  {
    name: 'node',
    language: 'node',
    markers: ['package.json'],
    supports: 'package.json (Node)',
    aliases: ['nodejs', 'heroku/nodejs'],
  },
  {
    name: 'python',
    language: 'plain',
    markers: [
      'requirements.txt',
      'Pipfile',
      'Pipfile.lock',
      'poetry.lock',
      'uv.lock',
      'pyproject.toml',
      'setup.py',
      '.python-version',
      'runtime.txt',
      'manage.py',
      'app.py',
      'main.py',
    ],
    supports: 'requirements.txt/uv.lock/poetry.lock/Pipfile.lock (Python)',
    aliases: ['heroku/python'],
  },
  {
    name: 'go',
    language: 'go',
    markers: ['go.mod', 'main.go'],
    supports: 'go.mod (Go)',
    aliases: ['golang', 'heroku/go'],
  },
  {
    name: 'static',
    language: 'plain',
    markers: ['static.json'],
    weakMarker: { name: 'index.html', unless: looksLikeAProgram },
    supports: 'static.json or index.html (static)',
    aliases: ['heroku/static', 'heroku-community/static'],
  },
  {
    name: 'apt',
    language: 'plain',
    markers: ['Aptfile'],
    supports: 'Aptfile (Debian packages)',
    aliases: ['heroku-community/apt'],
  },
  {
    name: 'procfile',
    language: 'plain',
    markers: ['Procfile'],
    supports: 'Procfile (anything that needs no building)',
    aliases: ['heroku/procfile'],
  },
  {
    name: 'subdir',
    language: 'plain',
    markers: [],
    supports: null,
    aliases: [],
  },
  {
    name: 'inline',
    language: 'plain',
    markers: [],
    supports: null,
    aliases: ['heroku/inline', 'heroku-community/inline'],
  },
  { name: 'null', language: 'plain', markers: [], supports: null, aliases: [] },
];

export function firstPartyByName(name: string): FirstParty | undefined {
  return firstParty.find((one) => one.name === name || one.aliases.includes(name));
}

/** Whether its bin/detect will likely say yes to a folder with these names in it. */
export function looksRight({ markers, weakMarker }: FirstParty, entries: readonly string[]): boolean {
  const has = (name: string): boolean => entries.includes(name);
  return (
    markers.some(has) || (weakMarker !== undefined && has(weakMarker.name) && !weakMarker.unless.some(has))
  );
}

/** The ones that auto-detection tries. */
export const detectable: readonly FirstParty[] = firstParty.filter((one) => one.supports !== null);

// Which buildpacks a build uses: config before file before detection.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  chooseBuildpacks,
  expectedNames,
  languageOf,
  parseBuildpacksFile,
  type Source,
} from '../../../platform/build/choose.ts';
import { firstPartyByName } from '../../../platform/build/first-party.ts';
import { PlatformError } from '../../../platform/domain/errors.ts';

const names = (choice: ReturnType<typeof chooseBuildpacks>) => choice.buildpacks.map((one) => one.name);
const nothing: Source = { entries: [], buildpacksFile: null, list: [], appJson: [] };
const choose = (source: Partial<Source>, config: Record<string, string> = {}) =>
  chooseBuildpacks(config, { ...nothing, ...source });

describe('choosing', () => {
  test("the app's list comes before BUILDPACK_URL, .buildpacks, app.json, and those before detection", () => {
    const source = {
      entries: ['package.json', 'Procfile'],
      buildpacksFile: 'procfile\n',
      list: [{ reference: 'static', pin: null }],
      appJson: ['heroku/go'],
    };
    const config = { BUILDPACK_URL: 'null' };
    const from = (choice: ReturnType<typeof chooseBuildpacks>) =>
      choice.mode === 'explicit' ? [choice.from, ...names(choice)] : choice.likely?.name;
    expect(from(choose(source, config))).toEqual(["the app's list", 'static']);
    expect(from(choose({ ...source, list: [] }, config))).toEqual(['the config var BUILDPACK_URL', 'null']);
    expect(from(choose({ ...source, list: [] }))).toEqual(['the file .buildpacks', 'procfile']);
    const none = { ...source, list: [], buildpacksFile: '# none\n\n' };
    expect(from(choose(none))).toEqual(['app.json', 'go']);
    expect(from(choose({ ...none, appJson: [] }))).toBe('node');
  });

  test('detection never tries those that apply to everything, and procfile comes last', () => {
    const choice = choose({});
    for (const name of ['null', 'inline', 'subdir']) expect(names(choice)).not.toContain(name);
    expect(names(choice).at(-1)).toBe('procfile');
    expect(choice).toMatchObject({ mode: 'auto', likely: undefined, before: 0 });
  });

  test('PROJECT_PATH puts subdir before what detection finds; a list is left as it is', () => {
    const config = { PROJECT_PATH: 'web' };
    const found = choose({ entries: ['package.json'] }, config);
    expect(found).toMatchObject({ mode: 'auto', before: 1, subdirectory: true, likely: { name: 'node' } });
    expect(names(found)[0]).toBe('subdir');
    expect(expectedNames(found)).toEqual(['subdir', 'node']);
    expect(choose({ buildpacksFile: 'procfile' }, config)).toMatchObject({ subdirectory: false });
    expect(choose({ buildpacksFile: 'subdir\nnode' }, config)).toMatchObject({ subdirectory: true });
  });

  test('an index.html is a static site where nothing that its bin/detect counts against it is there', () => {
    const likely = (...entries: string[]) => {
      const choice = choose({ entries });
      return choice.mode === 'auto' ? choice.likely?.name : null;
    };
    expect(likely('index.html', 'style.css')).toBe('static');
    expect(likely('index.html', 'Aptfile')).toBe('static');
    expect(likely('index.html', 'Aptfile', 'Procfile')).toBe('apt');
    expect(likely('index.html', 'Procfile')).toBe('procfile');
    expect(likely('index.html', 'Gemfile')).toBe(undefined);
    expect(likely('index.html', 'static.json', 'Aptfile', 'Procfile')).toBe('static');
    const detect = readFileSync(join(import.meta.dirname, '../../../buildpacks/static/bin/detect'), 'utf8');
    const counted = /^others=\(([^)]*)\)/m.exec(detect)![1]!.trim().split(/\s+/);
    expect(firstPartyByName('static')!.weakMarker!.unless).toEqual(counted);
  });

  test("the build image is the language's", () => {
    const language = (text: string) => languageOf(choose({ buildpacksFile: text }));
    expect(language('null\nnode')).toBe('node');
    expect(language('procfile')).toBe('plain');
    // A front-end built by node, served by a program in Go.
    expect(language('node\ngo')).toBe('go');
    expect(language('https://example.com/x.git\nnode')).toBe('node');
    expect(languageOf(choose({ entries: ['package.json'] }))).toBe('node');
  });

  test('a list keeps what each was fixed to; what a file names is not fixed', () => {
    const commit = 'a'.repeat(40);
    const reference = 'https://ada:s3cret@example.com/x.git#v1';
    const [one] = choose({ list: [{ reference, pin: commit }] }).buildpacks;
    expect(one).toMatchObject({ name: 'https://example.com/x.git#v1', pin: commit, language: 'plain' });
    expect(choose({ buildpacksFile: reference }).buildpacks[0]).toMatchObject({ pin: null });
  });

  test('.buildpacks: spaces, CR, comments and blank lines are tolerated', () => {
    expect(parseBuildpacksFile('\uFEFF# list\r\n  node \r\n\r\nheroku/procfile')).toEqual([
      'node',
      'heroku/procfile',
    ]);
  });

  test.each([
    ['https://user:pass@example.com:x/buildpack.git#v1', /Could not get buildpack https:.*cannot be read/],
    ['http://user:pass@example.com/x.git', /It is reached over http.*Try https:\/\/example\.com\/x\.git/],
    ['git@example.com:ada/x.git', /reached over ssh.*Try https:\/\/example\.com\/ada\/x\.git/],
    ['file:///etc', /a file of the server's own machine/],
    ['./here', /a path and not an https:\/\/ URL/],
    ['https://example.com/x.git#-u', /"-u" is not the name of a branch, a tag or a commit/],
    ['https://example.com/x.git#a..b', /"a\.\.b" is not the name/],
    ['https://example.com/x.git?token=pass@', /has a query, which git cannot use/],
    ['https://example.com/x.tgz#v1', /comes the SHA-256/],
    ['cobol', /no buildpack called "cobol"\. Use one of node, /],
    ['phyton', /no buildpack called "phyton"\. Did you mean python\?/],
    ['heroku/nodjs', /Did you mean heroku\/nodejs\?/],
    [
      'mars/create-react-app',
      /at https:\/\/buildpack-registry\.s3\.amazonaws\.com\/buildpacks\/mars\/create-react-app\.tgz$/,
    ],
    ['node#v2', /node comes with the platform and has no versions/],
  ])('%s is refused in words (E3), without credentials', (reference, sentence) => {
    const refuse = () => choose({}, { BUILDPACK_URL: reference });
    expect(refuse).toThrow(sentence);
    expect(refuse).toThrow(PlatformError);
    expect(refuse).toThrow(expect.objectContaining({ details: { id: 'E3' } }));
    expect(refuse).not.toThrow(/pass@/);
  });

  test.each([
    ['urn:buildpack:heroku/nodejs', 'node'],
    ['https://buildpack-registry.s3.amazonaws.com/buildpacks/heroku/python.tgz', 'python'],
    ['https://codon-buildpacks.s3.amazonaws.com/buildpacks/heroku/go.tgz', 'go'],
  ])("%s is ours, as Heroku's clients spell it", (reference, name) => {
    expect(choose({ buildpacksFile: reference }).buildpacks).toMatchObject([{ name, foreign: null }]);
  });

  test("what others keep in Heroku's registry is fetched from there", () => {
    const reference = 'https://buildpack-registry.s3.amazonaws.com/buildpacks/mars/create-react-app.tgz';
    expect(choose({ buildpacksFile: reference }).buildpacks).toMatchObject([
      { name: reference, foreign: { kind: 'archive' } },
    ]);
  });
});

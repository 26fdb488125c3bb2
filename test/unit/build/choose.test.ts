// Which buildpacks a build uses: config before file before detection.
import { describe, expect, test } from 'vitest';
import { chooseBuildpacks, languageOf, parseBuildpacksFile } from '../../../platform/build/choose.ts';
import { PlatformError } from '../../../platform/domain/errors.ts';

const names = (choice: ReturnType<typeof chooseBuildpacks>) => choice.buildpacks.map((one) => one.name);

describe('choosing', () => {
  test('BUILDPACK_URL comes before .buildpacks, and that before detection', () => {
    const source = { entries: ['package.json', 'Procfile'], buildpacksFile: 'procfile\n' };
    expect(names(chooseBuildpacks({ BUILDPACK_URL: 'null' }, source))).toEqual(['null']);
    const listed = chooseBuildpacks({}, source);
    expect([listed.mode, names(listed)]).toEqual(['explicit', ['procfile']]);
    const automatic = chooseBuildpacks({}, { ...source, buildpacksFile: '# none\n\n' });
    expect(automatic).toMatchObject({ mode: 'auto', likely: { name: 'node' } });
  });

  test('detection never tries the null buildpack, and procfile comes last', () => {
    const choice = chooseBuildpacks({}, { entries: [], buildpacksFile: null });
    expect(names(choice)).not.toContain('null');
    expect(names(choice).at(-1)).toBe('procfile');
    expect(choice).toMatchObject({ mode: 'auto', likely: undefined });
  });

  test("the build image is the language's", () => {
    const choose = (text: string) => chooseBuildpacks({}, { entries: [], buildpacksFile: text });
    expect(languageOf(choose('null\nnode'))).toBe('node');
    expect(languageOf(choose('procfile'))).toBe('plain');
    // A front-end built by node, served by a program in Go.
    expect(languageOf(choose('node\ngo'))).toBe('go');
    expect(languageOf(chooseBuildpacks({}, { entries: ['package.json'], buildpacksFile: null }))).toBe(
      'node',
    );
  });

  test('.buildpacks: spaces, CR, comments and blank lines are tolerated', () => {
    expect(parseBuildpacksFile('\uFEFF# list\r\n  node \r\n\r\nheroku/procfile')).toEqual([
      'node',
      'heroku/procfile',
    ]);
  });

  test.each([
    ['https://user:pass@example.com/x/buildpack.git#v1', /not supported by this server yet/],
    ['cobol', /no buildpack called "cobol". Use one of node, /],
  ])('%s is refused in words, without credentials', (reference, sentence) => {
    const refuse = () =>
      chooseBuildpacks({ BUILDPACK_URL: reference }, { entries: [], buildpacksFile: null });
    expect(refuse).toThrow(sentence);
    expect(refuse).toThrow(PlatformError);
    expect(refuse).not.toThrow(/pass@/);
  });
});

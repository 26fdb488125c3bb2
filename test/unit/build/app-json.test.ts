// app.json: what is read of it, what is not, and what a new app gets.
import { describe, expect, it } from 'vitest';
import { envDefaults, parseAppJson, tellAddons } from '../../../platform/build/app-json.ts';

const fail = (sentence: string): never => {
  throw new Error(sentence);
};

function read(content: unknown) {
  const warnings: string[] = [];
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  return { appJson: parseAppJson(text, (sentence) => warnings.push(sentence)), warnings };
}

describe('app.json', () => {
  it('says buildpacks, config vars, formation and a postdeploy command', () => {
    const { appJson, warnings } = read({
      name: 'x',
      buildpacks: [{ url: 'heroku/nodejs' }, { url: 'https://example.com/x.git' }],
      env: { A: 'one', N: { value: 3 }, S: { generator: 'secret' }, O: { required: false } },
      formation: { web: { quantity: 2, size: 'Standard-1X' }, job: { quantity: 0 } },
      scripts: { postdeploy: { command: 'bin/seed' }, test: 'x' },
    });
    expect(warnings).toEqual([]);
    expect(appJson.buildpacks).toEqual(['heroku/nodejs', 'https://example.com/x.git']);
    expect(appJson.formation).toEqual({ web: { quantity: 2, size: 'Standard-1X' }, job: { quantity: 0 } });
    expect(appJson.postdeploy).toBe('bin/seed');
    expect(read({ scripts: { postdeploy: ' bin/x \n' } }).appJson.postdeploy).toBe('bin/x');
    const given = envDefaults(appJson, { A: 'mine' }, fail);
    expect(given).toEqual({ N: '3', S: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(envDefaults(appJson, {}, fail)['S']).not.toBe(given['S']);
  });

  it.each([
    ['{"expo": {"slug": "x"}}', []],
    ['// mine\n{}', [expect.stringMatching(/^app\.json is not used: it is not valid JSON/)]],
    ['[]', ['app.json is not used: it is not an object.']],
    [
      '{"buildpacks": "node", "formation": {"web": {"quantity": 1}}}',
      [expect.stringMatching(/^app\.json: buildpacks is not used: /)],
    ],
  ])('of another kind is no failure: %s', (text, warned) => {
    const { appJson, warnings } = read(text);
    expect(warnings).toEqual(warned);
    expect(appJson.buildpacks).toEqual([]);
    expect(Object.keys(appJson.formation)).toEqual(text.includes('web') ? ['web'] : []);
  });

  it('that needs what nobody set has it told, with the command that sets it', () => {
    const { appJson } = read({
      env: { KEY: { description: 'of the mail service' }, EMPTY: '', HERE: {}, MAYBE: { required: false } },
    });
    const told: string[] = [];
    expect(envDefaults(appJson, { HERE: '' }, (sentence) => told.push(sentence))).toEqual({});
    expect(told).toEqual([
      'app.json says that this app needs KEY (of the mail service), EMPTY. Set them: twelve config:set KEY=… EMPTY=…',
    ]);
  });

  it.each([
    [
      ['heroku-postgresql'],
      'app.json names an add-on that is not provided here: heroku-postgresql. Run such a service elsewhere and give the app its address: twelve config:set DATABASE_URL=…',
    ],
    [
      [{ plan: 'heroku-postgresql:essential-0', as: 'ORDERS' }, 'heroku-redis:mini', 'papertrail'],
      'app.json names add-ons that are not provided here: heroku-postgresql, heroku-redis, papertrail. Run such services elsewhere and give the app their addresses: twelve config:set ORDERS_URL=… REDIS_URL=…',
    ],
    [
      ['papertrail\n:x'],
      'app.json names an add-on that is not provided here: papertrail. Run such a service elsewhere and give the app its address: twelve config:set with the config vars that it reads',
    ],
  ])('that counts on add-ons has them told, with what to do: %j', (addons, sentence) => {
    const { appJson, warnings } = read({ addons });
    const told: string[] = [];
    tellAddons(appJson, { OTHER_URL: 'x' }, (one) => told.push(one));
    expect(warnings).toEqual([]);
    expect(told).toEqual([sentence]);
  });

  it('says nothing of an add-on whose address the app has', () => {
    const { appJson } = read({ addons: ['heroku-postgresql', { plan: 'x', as: 'SEARCH' }] });
    tellAddons(appJson, { DATABASE_URL: 'postgres://db.example/x', SEARCH_URL: 'http://x.example' }, fail);
    expect(read({ addons: [7] }).warnings).toEqual([
      expect.stringMatching(/^app\.json: addons\.0 is not used: /),
    ]);
  });

  it.each([
    [[], 'formation cannot be used: it must be an object such as {"web": {"quantity": 2}}.'],
    ['web=2', 'formation cannot be used: it must be an object'],
    [{ web: 2 }, 'formation.web cannot be used: it must be an object such as {"quantity": 2}.'],
    [{ web: { quantity: -1 } }, 'formation.web.quantity cannot be used: it must be a whole number from 0 to'],
    [{ web: { quantity: 1.5 } }, 'formation.web.quantity cannot be used'],
    [{ web: { quantity: '2' } }, 'formation.web.quantity cannot be used'],
    [
      { web: { quantity: 1e9 } },
      'formation.web.quantity cannot be used: it must be a whole number from 0 to 100.',
    ],
    [{ web: { size: 5 } }, 'formation.web.size cannot be used: it must be the name of a size'],
    [{ 'we b': {} }, 'formation.we b cannot be used: it is not a process type.'],
    [JSON.parse('{"__proto__": {"quantity": 2}}'), 'formation.__proto__ cannot be used'],
  ])('whose formation cannot be used ends the build: %j', (formation, sentence) => {
    expect(() => read({ formation })).toThrow(
      expect.objectContaining({ details: { id: 'E21' }, message: expect.stringContaining(sentence) }),
    );
  });

  it('whose formation has a mistyped property has that told', () => {
    expect(read({ formation: { web: { quantty: 2 }, job: { max_parallel: 1 } } }).warnings).toEqual([
      'app.json: formation.web.quantty is not used. Did you mean quantity?',
    ]);
    expect(read({ formation: null }).warnings).toEqual([]);
  });

  it('that names what no config var may be called has that told, and gives the rest', () => {
    const told: string[] = [];
    const { appJson } = read({ env: { 'a-b': 'x', PORT: '80', A: '1' } });
    expect(envDefaults(appJson, {}, (sentence) => told.push(sentence))).toEqual({ A: '1' });
    expect(told).toEqual([
      expect.stringMatching(/^app\.json: "a-b" is not a config var name/),
      expect.stringMatching(/^app\.json: PORT is set by the platform/),
    ]);
  });
});

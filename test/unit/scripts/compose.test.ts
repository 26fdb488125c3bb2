import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { settings } from '../../../platform/config.ts';

const text = readFileSync(join(import.meta.dirname, '../../../docker-compose.yml'), 'utf8');
const { platform } = (parse(text) as { services: { platform: Service } }).services;

interface Service {
  environment: Record<string, string | null>;
  volumes: string[];
}

it('docker-compose.yml passes every setting of the server on', () => {
  expect(Object.keys(platform.environment)).toEqual(
    expect.arrayContaining(settings.map((setting) => setting.name)),
  );
});

it('the folders that the engine mounts elsewhere have one path inside and outside, which the server is told', () => {
  for (const name of ['TWELVE_DATA', 'TWELVE_RUN']) {
    const path = platform.environment[name];
    expect(path).toMatch(new RegExp(`^\\$\\{${name}:-/.+\\}$`));
    expect(platform.volumes).toContain(`${path}:${path}`);
  }
  const data = settings.find((setting) => setting.name === 'TWELVE_DATA');
  expect(platform.environment['TWELVE_DATA']).toBe(`\${TWELVE_DATA:-${data?.default}}`);
});

it("the engine's folder is mounted read-only where the server is told to look", () => {
  const seen = platform.environment['TWELVE_ENGINE_CONTAINERS'];
  expect(platform.volumes.filter((volume) => volume.endsWith(`:${seen}:ro`))).toHaveLength(1);
});

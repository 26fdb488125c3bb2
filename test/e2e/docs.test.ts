// README and guide, typed as they stand there: every block of commands does what the page says and prints what it shows.
import { existsSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createMachine, type Machine } from '../support/docs/machine.ts';
import { type Bound, difference } from '../support/docs/output.ts';
import { readDocumentation, type Story } from '../support/docs/stories.ts';
import { containers, imageNames, networks } from '../support/engine-socket.ts';

const { stories, problems } = readDocumentation();

test('every block is one whose meaning is known', () => {
  expect(problems).toEqual([]);
  expect(stories.length).toBeGreaterThan(2);
});

for (const story of stories) describe(story.pages.join(' '), () => tell(story));

function tell({ pages, steps }: Story): void {
  let machine: Machine;
  let wrong: string | null = null;
  const bound: Bound = new Map();

  beforeAll(async () => {
    machine = await createMachine({ demo: pages.includes('README.md') });
  });
  afterAll(() => machine?.[Symbol.asyncDispose]());

  for (const { where, commands, shows } of steps)
    test(where, async () => {
      // What follows needs what was said before.
      expect(wrong, 'the block that went wrong before this one').toBeNull();
      wrong = where;
      const { failed, output } = await machine.shell.run(machine.real(commands));
      machine.instance();
      const printed = machine.asDocumented(output);
      const problem = failed ?? difference(shows, printed, bound);
      if (problem !== null) throw new Error(`${problem}\n\n${commands}\n\nprinted:\n${printed}`);
      wrong = null;
    });

  test('in the end nothing of it is left', async () => {
    expect(wrong, 'the block that went wrong before this one').toBeNull();
    const instance = machine.instance();
    expect(instance).toMatch(/^[0-9a-f]+$/);
    const labels = { 'twelve.instance': instance! };
    expect(await containers(labels)).toEqual([]);
    expect(await networks(labels)).toEqual([]);
    expect(await imageNames(instance!)).toEqual([]);
    expect(existsSync(`/run/twelve-${instance}`)).toBe(false);
    for (const name of ['data', 'run']) expect(readdirSync(machine.folder)).not.toContain(name);
    expect(readdirSync(machine.home).filter((name) => !name.startsWith('.'))).toEqual([]);
  });
}

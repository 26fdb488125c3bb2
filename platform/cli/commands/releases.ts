// releases: the ledger, one release in detail, the difference between two, and back to one.

import { masked } from '../../domain/config-vars.ts';
import { appFlags, appPath, type Call, type Command, jsonFlag } from '../command.ts';
import { CliError, usageError } from '../errors.ts';
import { followVersion, newestRelease } from '../follow.ts';
import { diffReleases, type ReleaseFacts, renderDiff } from '../release-diff.ts';
import { localTime, size, timeAndAge } from '../terminal-text.ts';
import type { ConfigVars, Release, Slug } from '../v3.ts';

const list: Command = {
  name: 'releases',
  usage: 'releases',
  summary: "list an app's releases, newest first",
  example: 'twelve releases -n 5 -a hello',
  flags: {
    ...appFlags,
    ...jsonFlag,
    num: { type: 'string', short: 'n', help: 'how many (default: 15)' },
  },
  async run(call) {
    const limit = Number(call.text('num') ?? 15);
    if (!Number.isInteger(limit) || limit < 1) throw usageError(`-n takes a whole number from 1.`);
    const app = await call.app();
    const releases = await call
      .api()
      .list<Release>(`${appPath(app)}/releases`, { field: 'version', order: 'desc', limit });
    if (call.on('json')) return call.out.json(releases);
    if (releases.length === 0) return call.out.line(`${app} has no releases yet.`);
    const current = releases.find((release) => release.current);
    call.out.heading(`${app} Releases${current ? ` - Current: v${current.version}` : ''}`);
    call.out.line();
    call.out.table(
      releases.map((release) => [
        `v${release.version}`,
        release.status === 'succeeded' ? release.description : `${release.description} (${release.status})`,
        release.user.email,
        timeAndAge(release.created_at),
      ]),
    );
  },
};

const info: Command = {
  name: 'releases:info',
  usage: 'releases:info [release]',
  summary: 'show a release (default: the newest)',
  example: 'twelve releases:info v3 -a hello',
  flags: { ...appFlags, ...jsonFlag, reveal: { type: 'boolean', help: 'show the values of config vars' } },
  async run(call) {
    const app = await call.app();
    const named = call.words[0] ? versionOf(call.words[0]) : (await newestRelease(call, app))?.version;
    if (named === undefined) return call.out.line(`${app} has no releases yet.`);
    const { release, slug, config } = await readFacts(call, app, named);
    const shown = call.on('reveal')
      ? config
      : Object.fromEntries(Object.keys(config).map((name) => [name, masked]));
    if (call.on('json')) return call.out.json({ ...release, slug, config_vars: shown });
    call.out.heading(`Release v${release.version}`);
    call.out.table(
      [
        ['Change:', release.description],
        ['By:', release.user.email],
        ['When:', localTime(release.created_at)],
        ['Status:', release.current ? `${release.status}, serves now` : release.status],
        ['Reason:', oneLine(release.reason ?? '')],
        ['Commit:', [slug?.commit?.slice(0, 8), slug?.commit_description].filter(Boolean).join(' ')],
        ['Slug:', slug ? `${slug.id} (${size(slug.size)})` : ''],
        ...Object.entries(slug?.process_types ?? {}).map(([type, command]) => [`${type}:`, command]),
      ].filter(([, value]) => value),
    );
    const names = Object.keys(shown).sort();
    if (names.length === 0) return;
    call.out.line();
    call.out.heading(`v${release.version} Config Vars`);
    call.out.table(names.map((name) => [`${name}:`, shown[name]!]));
  },
};

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' | ');
}

const diff: Command = {
  name: 'releases:diff',
  usage: 'releases:diff <from> <to>',
  summary: 'show what differs between two releases: slug, process types, config vars',
  example: 'twelve releases:diff v3 v5 -a hello',
  flags: { ...appFlags, ...jsonFlag, reveal: { type: 'boolean', help: 'show the values of config vars' } },
  async run(call) {
    const versions = call.words.map(versionOf);
    const app = await call.app();
    const [from, to] = await Promise.all(versions.map((version) => readFacts(call, app, version)));
    const difference = diffReleases(from!, to!, call.on('reveal'));
    if (call.on('json')) return call.out.json(difference);
    call.out.text(renderDiff(difference, call.out.color));
  },
};

async function readFacts(call: Call, app: string, version: number): Promise<ReleaseFacts> {
  const path = `${appPath(app)}/releases/${version}`;
  const [release, config] = await Promise.all([
    call.api().get<Release>(path),
    call.api().get<ConfigVars>(`${path}/config-vars`),
  ]);
  const slug = release.slug ? await call.api().get<Slug>(`${appPath(app)}/slugs/${release.slug.id}`) : null;
  return { release, slug, config };
}

/** `v3` or `3` */
function versionOf(text: string): number {
  const match = /^v?(\d{1,9})$/.exec(text);
  if (!match) throw usageError(`"${text}" is not a release. Write v3.`);
  return Number(match[1]);
}

const rollback: Command = {
  name: 'rollback',
  aliases: ['releases:rollback'],
  usage: 'rollback [release]',
  summary: "make an earlier release's slug and config serve again, as a new release",
  example: 'twelve rollback v3 -a hello',
  flags: appFlags,
  async run(call) {
    const version = call.words[0] ? versionOf(call.words[0]) : undefined;
    const app = await call.app();
    const target = version ?? (await beforeCurrent(call, app)).version;
    await call.out.during(`Rolling back ${app} to v${target}`, async (action) => {
      const order = { release: String(target) };
      const made = await call.api().send<Release>('POST', `${appPath(app)}/releases`, order);
      await followVersion(call, app, made.version, action);
    });
  },
};

/** The one that served before: the second that could be rolled back to, since the first serves. */
async function beforeCurrent(call: Call, app: string): Promise<Release> {
  const releases = await call
    .api()
    .list<Release>(`${appPath(app)}/releases`, { field: 'version', order: 'desc', limit: 50 });
  const target = releases.filter((release) => release.eligible_for_rollback)[1];
  if (!target)
    throw new CliError(`${app} has no earlier release to go back to. See: twelve releases -a ${app}`);
  return target;
}

export const commands: readonly Command[] = [list, info, diff, rollback];

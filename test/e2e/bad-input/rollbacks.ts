// Versions that cannot come back.
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { type Ground, type Row, twelve } from './row.ts';

const refused = { ends: 'exit 1' } as const;

const rollback =
  (which: (on: Ground) => Promise<string>): Row['act'] =>
  async (on) =>
    twelve(['rollback', await which(on), '-a', 'hello'])(on);

/** `releases` rows are what the pushes above left: some failed, older slugs collected. */
export const rollbacks: Row[] = [
  {
    what: 'to a failed release',
    act: rollback((on) => versionOf(on, (one) => one.status === 'failed')),
    ...refused,
    says: /v\d+ failed \(.+\) and never served, so there is nothing to go back to/,
  },
  {
    what: 'to a release that is not there',
    act: rollback(async () => 'v999'),
    ...refused,
    says: /hello has no release v999\. "twelve releases" lists them/,
  },
  {
    what: 'to the current release',
    act: rollback((on) => versionOf(on, (one) => one.current)),
    ...refused,
    says: /v\d+ is the current release already/,
  },
  {
    what: 'to a release without a slug',
    act: rollback(async () => 'v1'),
    ...refused,
    says: /v1 was made before the first push and has no slug to run/,
  },
  {
    what: 'to a release whose slug is gone',
    act: rollback(async () => 'v2'),
    ...refused,
    says: /The slug of v2 was removed by garbage collection\. Check out its commit \(\w{40}\) and push it/,
  },
  {
    what: 'to a release whose slug somebody took from the disk',
    act: withoutBlobs(rollback((on) => versionOf(on, (one) => one.eligible_for_rollback && !one.current))),
    ...refused,
    says: /The slug of v\d+ is no longer on the disk\. Check out its commit \(\w{40}\) and push it/,
  },
  {
    what: 'to what is no version',
    act: rollback(async () => 'yesterday'),
    ends: 'exit 2',
    says: /"yesterday" is not a release\. Write v3/,
  },
  {
    what: 'of an app without a release to go back to',
    act: twelve(['rollback', '-a', 'vars']),
    ...refused,
    says: /vars has no earlier release to go back to/,
  },
];

interface Release {
  version: number;
  status: string;
  current: boolean;
  eligible_for_rollback: boolean;
}

async function versionOf({ platform }: Ground, is: (one: Release) => boolean): Promise<string> {
  const { body } = await platform.api<Release[]>('GET', '/apps/hello/releases');
  return `v${body.find(is)!.version}`;
}

/** The blobs are back when it has been told. */
function withoutBlobs(act: Row['act']): Row['act'] {
  return async (on) => {
    const blobs = join(on.platform.dataFolder, 'blobs', 'sha256');
    await rename(blobs, `${blobs}.away`);
    try {
      return await act(on);
    } finally {
      await rename(`${blobs}.away`, blobs);
    }
  };
}

// server:gc: what the platform keeps on disks, and what of it nobody needs any more.
import { type Command, jsonFlag } from '../command.ts';
import { size } from '../terminal-text.ts';
import type { DiskKind } from '../v3.ts';

const gc: Command = {
  name: 'server:gc',
  usage: 'server:gc',
  summary: 'remove what nothing needs any more, and show by kind what went and what is kept',
  example: 'twelve server:gc --dry-run',
  flags: { ...jsonFlag, 'dry-run': { type: 'boolean', help: 'only say what would be removed' } },
  async run(call) {
    const dry = call.on('dry-run');
    const kinds = await call.out.during(dry ? 'Looking' : 'Collecting', () =>
      call.api().send<DiskKind[]>('POST', '/server/gc', { dry_run: dry }),
    );
    if (call.on('json')) return call.out.json(kinds);
    call.out.table([
      ['Kind', 'Takes', 'Budget', dry ? 'Would go' : 'Removed'],
      ...kinds.map(({ kind, bytes, budget, removed }) => [
        kind,
        size(bytes),
        budget === null ? '' : size(budget),
        removed.count === 0 ? '' : `${removed.count} (${size(removed.bytes)})`,
      ]),
    ]);
  },
};

export const commands: readonly Command[] = [gc];

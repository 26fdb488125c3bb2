// A server whose deploys never end, to be killed by a test; told `store`, it keeps pushes first. Prints its port, then what it does.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createGit } from '../../../platform/git/git.ts';

const folder = process.argv[2]!;
const git = await createGit({
  folder: join(folder, 'data'),
  runFolder: join(folder, 'run'),
  authenticate: async () => ({ id: 'user-1', email: 'ada@example.com' }),
  findApp: async (name) => ({ id: `id-of-${name}`, name }),
  deploy: async (push) => {
    if (process.argv[3] === 'store') await push.store();
    process.stdout.write('deploying\n');
    return new Promise(() => {});
  },
  resolve: () => Promise.reject(new Error('nothing is fetched here')),
  onProblem: (message) => process.stderr.write(`${message}\n`),
});
const server = createServer((request, response) => void git.handle(request, response));
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));

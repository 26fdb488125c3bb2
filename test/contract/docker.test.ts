// The Docker engine of this machine keeps the contract.
import { createDockerEngine } from '../../platform/engine/docker.ts';
import { engineContract } from './engine.ts';

engineContract('Docker', async () => ({
  connect: () => createDockerEngine({ socketPath: process.env['TWELVE_ENGINE'] || '/var/run/docker.sock' }),
  image: 'debian:trixie-slim',
}));

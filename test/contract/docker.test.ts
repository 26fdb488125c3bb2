// The Docker engine of this machine, or the one that TWELVE_ENGINE names, keeps the contract.
import { createDockerEngine } from '../../platform/engine/docker.ts';
import type { Engine } from '../../platform/engine/engine.ts';
import { debian } from '../support/debian.ts';
import { engineContract } from './engine.ts';

const connect = (): Engine =>
  createDockerEngine({ socketPath: process.env['TWELVE_ENGINE'] || '/var/run/docker.sock' });

engineContract('Docker', async () => {
  const engine = connect();
  const image = await debian(engine);
  engine.close();
  return { connect, image };
});

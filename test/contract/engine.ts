// What every engine must do, as one suite of cases that runs against each of them.
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import type { ContainerSpec, Engine } from '../../platform/engine/engine.ts';
import { attachCases } from './engine-attach.ts';
import { endCases } from './engine-end.ts';
import { enterCases } from './engine-enter.ts';
import { eventCases } from './engine-events.ts';
import { imageCases } from './engine-images.ts';
import { lifeCases } from './engine-life.ts';
import { networkCases } from './engine-networks.ts';
import { type ProgramName, programs } from './programs.ts';

/** An engine under test. */
export interface ContractSubject {
  /** Another client of the same engine. */
  connect(): Engine;
  /** An image there with a shell and the usual programs. */
  image: string;
  close?(): void | Promise<void>;
}

/** What the cases work with; everything they make carries `labels` and is removed after each case. */
export interface Bench {
  readonly engine: Engine;
  readonly image: string;
  readonly labels: Record<string, string>;
  connect(): Engine;
  /** A name nobody else uses. */
  name(): string;
  subnet(): { first: string; overlapping: string; other: string };
  spec(program: ProgramName, more?: Partial<ContainerSpec>): ContainerSpec;
  create(program: ProgramName, more?: Partial<ContainerSpec>): Promise<string>;
  run(program: ProgramName, more?: Partial<ContainerSpec>): Promise<string>;
  /** Resolves when the container has printed this line. */
  printed(id: string, line: string): Promise<void>;
}

export function engineContract(name: string, makeEngine: () => Promise<ContractSubject>): void {
  describe(`${name} keeps the engine contract`, () => {
    let subject: ContractSubject;
    const clients: Engine[] = [];
    const labels = { 'twelve.contract': randomBytes(6).toString('hex') };
    const connect = (): Engine => {
      const client = subject.connect();
      clients.push(client);
      return client;
    };

    beforeAll(async () => {
      subject = await makeEngine();
      connect();
    });
    afterEach(() => clean(clients[0]!, labels));
    afterAll(async () => {
      for (const client of clients) client.close();
      await subject.close?.();
    });

    const bench = makeBench(() => ({ engine: clients[0]!, image: subject.image }), labels, connect);
    imageCases(bench);
    lifeCases(bench);
    endCases(bench);
    attachCases(bench);
    enterCases(bench);
    eventCases(bench);
    networkCases(bench);
  });
}

function makeBench(
  current: () => { engine: Engine; image: string },
  labels: Record<string, string>,
  connect: () => Engine,
): Bench {
  const bench: Bench = {
    get engine() {
      return current().engine;
    },
    get image() {
      return current().image;
    },
    labels,
    connect,
    name: () => `twelve-contract-${randomBytes(6).toString('hex')}`,
    subnet() {
      const [high, low] = [randomBytes(1)[0]!, 4 * (randomBytes(1)[0]! >> 2)];
      const start = `10.${224 + (high & 15)}.${low}`;
      return {
        first: `${start}.0/25`,
        overlapping: `${start}.0/24`,
        other: `10.${224 + (high & 15)}.${low + 1}.0/25`,
      };
    },
    spec: (program, more = {}) => ({
      name: bench.name(),
      image: bench.image,
      labels,
      command: programs[program],
      env: {},
      ...more,
    }),
    create: (program, more) => bench.engine.create(bench.spec(program, more)),
    async run(program, more) {
      const id = await bench.create(program, more);
      await bench.engine.start(id);
      return id;
    },
    async printed(id, line) {
      while (!(await bench.engine.lastLines(id, 50)).includes(line)) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
  };
  return bench;
}

async function clean(engine: Engine, labels: Record<string, string>): Promise<void> {
  const left = await engine.list(labels);
  await Promise.all(left.map((container) => engine.remove(container.id)));
  const own = Object.entries(labels);
  for (const network of await engine.networks()) {
    if (own.every(([name, value]) => network.labels[name] === value))
      await engine.removeNetwork(network.name);
  }
}

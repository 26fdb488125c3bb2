// What we ask of the engine for a container.
import { expect, test } from 'vitest';
import { createRequest } from '../../../platform/engine/docker-spec.ts';

const plain = { name: 'web', image: 'x:1', labels: { a: 'b' }, env: { PORT: '5000' } };

test('a container is confined unless asked otherwise', () => {
  const request = createRequest(plain);
  expect(request).toMatchObject({ name: 'web', Image: 'x:1', Labels: { a: 'b' } });
  expect(request.Env).toEqual(['PORT=5000', 'TINI_KILL_PROCESS_GROUP=1']);
  expect(request.HostConfig).toMatchObject({
    Init: true,
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges:true'],
    RestartPolicy: { Name: 'no' },
    Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
    LogConfig: {
      Type: 'json-file',
      Config: { 'max-size': '10000000', 'max-file': '3', compress: 'false', mode: 'blocking' },
    },
  });
  expect(request.HostConfig).not.toHaveProperty('PortBindings');
  expect(request).not.toHaveProperty('Cmd');
});

test('limits, with swap off', () => {
  const { HostConfig } = createRequest({
    ...plain,
    memory: 512,
    cpus: 1.5,
    cpuShares: 256,
    pids: 100,
    openFiles: 4096,
    expendable: true,
  });
  expect(HostConfig).toMatchObject({
    Memory: 512,
    MemorySwap: 512,
    NanoCpus: 1_500_000_000,
    CpuShares: 256,
    PidsLimit: 100,
    OomScoreAdj: 500,
    Ulimits: [
      { Name: 'core', Soft: 0, Hard: 0 },
      { Name: 'nofile', Soft: 4096, Hard: 4096 },
    ],
  });
});

test('what is asked for differently', () => {
  const request = createRequest({
    ...plain,
    restricted: false,
    addCapabilities: ['NET_BIND_SERVICE'],
    init: false,
    log: 'none',
    restart: 'unless-stopped',
    network: 'host',
    stdin: true,
    tty: true,
    mounts: [{ source: '/a', target: '/b', readOnly: true }],
    tmpfs: { '/tmp': 'size=64m' },
  });
  expect(request).toMatchObject({ Tty: true, OpenStdin: true, StdinOnce: true, Env: ['PORT=5000'] });
  expect(request.HostConfig).toMatchObject({
    Init: false,
    CapAdd: ['NET_BIND_SERVICE'],
    LogConfig: { Type: 'none' },
    RestartPolicy: { Name: 'unless-stopped' },
    NetworkMode: 'host',
    Mounts: [{ Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true }],
    Tmpfs: { '/tmp': 'size=64m' },
  });
  expect(request.HostConfig).not.toHaveProperty('CapDrop');
  expect(request.HostConfig).not.toHaveProperty('SecurityOpt');
});

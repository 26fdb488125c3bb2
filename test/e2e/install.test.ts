// scripts/install on a whole machine: a service with an app that serves, off and on again, a setting, newer versions and images, away
// and back, also from a backup, and behind firewalls.
// On Debian 12; on others with TWELVE_INSTALL_ON=debian-13,ubuntu-22.04,ubuntu-24.04.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Visited, visitedWhile } from '../support/crowd.ts';
import { outsideOf } from '../support/outside.ts';
import { eventually } from '../support/wait.ts';
import { bootMachine, isSystem, type System, type WholeMachine } from '../support/whole-machine.ts';

const systems: System[] = (process.env['TWELVE_INSTALL_ON'] ?? 'debian-12').split(',').map((name) => {
  if (!isSystem(name))
    throw new Error(`TWELVE_INSTALL_ON: "${name}" is none of the systems that scripts/install is for.`);
  return name;
});

describe.each(systems)('scripts/install on %s', (system) => {
  let machine: WholeMachine;
  beforeAll(async () => {
    machine = await bootMachine(system);
  }, 600_000);
  afterAll(() => machine?.[Symbol.asyncDispose]());

  const page = async (host: string): Promise<string> =>
    (
      await machine.run('curl', '-s', '--noproxy', '*', '-H', `Host: ${host}`, 'http://127.0.0.1/')
    ).stdout.trim();
  const served = (host: string, text: string): Promise<string> =>
    eventually(
      () => page(host),
      (found) => found.includes(text),
      60_000,
    );
  const shell = (script: string): Promise<string> => machine.must('bash', '-euc', script);

  /** All of them, and not just before or after the server was away. */
  const expectServed = ({ asked, ...rest }: Visited): void => {
    expect(rest).toEqual({ failed: 0, ms: 0, reasons: [] });
    expect(asked).toBeGreaterThan(100);
  };

  const watches = '/proc/sys/fs/epoll/max_user_watches';
  // chown, dac_override, fowner, kill, net_admin, net_raw
  const allRights = /CapEff:\s000000000000302b\nCapBnd:\s000000000000302b\n/;

  test('ends with a service that starts with the machine, of a user with six of the rights of root', async () => {
    // One less than the server wants: the kernel and so this number is the host's.
    await shell(`echo 1073741823 >${watches}`);
    const said = await machine.must('./scripts/install', '--domain', 'apps.example.test');
    expect(said).toContain('<app>.apps.example.test');
    expect(said).toContain('these TCP ports: 80 443 5443');
    expect(said).toMatch(/twelve login https:\/\/apps\.example\.test:5443\n.*fingerprint: \S*[0-9A-F]{2}:/s);
    expect(said).toContain('First token: /var/lib/twelve/admin-token');
    // Nobody has logged in here, and nobody has to.
    expect(said).toContain((await machine.must('twelve', 'ca', '--fingerprint')).trim());
    expect((await machine.must('systemctl', 'is-enabled', 'twelve')).trim()).toBe('enabled');
    const pid = (
      await machine.must('systemctl', 'show', '--property', 'MainPID', '--value', 'twelve')
    ).trim();
    expect((await machine.must('ps', '-o', 'user=', '-p', pid)).trim()).toBe('twelve');
    expect(await machine.must('cat', `/proc/${pid}/status`)).toMatch(allRights);
    expect(await machine.must('cat', watches)).toBe('1073741824\n');
    expect(await machine.must('stat', '-c', '%U %a', '/var/lib/twelve', '/etc/twelve/twelve.env')).toBe(
      'twelve 700\nroot 640\n',
    );
  }, 900_000);

  test('an app is pushed and serves', async () => {
    await shell(`
      twelve login http://127.0.0.1:5480 --token-file /var/lib/twelve/admin-token
      cp -r apps/hello-node /root/hello && cd /root/hello
      git init -q -b main && git add -A
      git -c user.name=A -c user.email=a@example.test commit -qm one
      twelve apps:create hello && git push platform main
    `);
    expect(await served('hello.apps.example.test', 'from web.1')).toContain('release v2');
    // Over TLS too, with the platform's own authority.
    const overTls =
      'curl -sk --noproxy "*" --resolve hello.apps.example.test:443:127.0.0.1 https://hello.apps.example.test/';
    expect(await shell(overTls)).toContain('from web.1');
  }, 600_000);

  test('what a killed engine forgot is ended, though it is of root', async () => {
    const engine = 'curl -s --unix-socket /var/run/docker.sock';
    const id = await shell(`
      image=$(${engine} http://engine/images/json | grep -o 'twelve/stack:[0-9a-f]*' | head -n 1)
      said=$(${engine} -H 'Content-Type: application/json' http://engine/containers/create \
        -d '{"Image":"'$image'","Cmd":["true"],"Labels":{"twelve.instance":"'$(cat /var/lib/twelve/instance)'"}}')
      grep -oE '[0-9a-f]{64}' <<<"$said"
    `);
    const shim = `exec -a /usr/bin/containerd-shim-runc-v2 bash -c 'sleep 3600; :' -id ${id.trim()}`;
    await machine.must('systemd-run', '--unit', 'forgotten', 'bash', '-c', shim);
    const state = async (): Promise<string> =>
      (await machine.run('systemctl', 'show', '--property', 'ActiveState', '--value', 'forgotten')).stdout;
    expect(await state()).toBe('active\n');
    await machine.must('systemctl', 'restart', 'docker');
    expect(
      await eventually(
        () => machine.run('systemctl', 'show', '--property', 'Result', '--value', 'forgotten'),
        ({ stdout }) => stdout === 'signal\n',
        60_000,
      ),
    ).toMatchObject({ status: 0 });
    await shell(`${engine} -X DELETE http://engine/containers/${id.trim()}`);
    expect(await served('hello.apps.example.test', 'from web.1')).toContain('release v2');
  }, 200_000);

  test('off and on again: everything that ran runs', async () => {
    await machine.reboot();
    expect(await served('hello.apps.example.test', 'from web.1')).toContain('release v2');
  }, 300_000);

  test('what starts it where there is no systemd gives the same user and rights', async () => {
    await machine.must('systemctl', 'stop', 'twelve');
    await shell(`
      install -m 755 scripts/lib/twelve-service /usr/local/sbin/twelve-service
      echo 1073741823 >${watches}
      twelve-service start
    `);
    await eventually(
      () => machine.run('curl', '-sf', '--noproxy', '*', 'http://127.0.0.1:5480/health'),
      ({ status }) => status === 0,
    );
    const status = await shell('cat /proc/$(pgrep -u twelve -f dist/main.js)/status');
    expect(status).toMatch(allRights);
    expect(await machine.must('cat', watches)).toBe('1073741824\n');
    expect(await served('hello.apps.example.test', 'from web.1')).toContain('release v2');
    await machine.must('twelve-service', 'stop');
    expect((await machine.run('pgrep', '-u', 'twelve', '-f', 'dist/main.js')).status).toBe(1);
    await shell('rm /usr/local/sbin/twelve-service; systemctl start twelve');
  }, 200_000);

  test('run again it keeps what is there, and changes the setting that is given', async () => {
    await machine.must('./scripts/install', '--set', 'TWELVE_DOMAIN=other.example.test');
    expect(await machine.must('grep', '-c', 'TWELVE_DOMAIN', '/etc/twelve/twelve.env')).toBe('1\n');
    expect(await served('hello.other.example.test', 'from web.1')).toContain('release v2');
  }, 300_000);

  test('a setting that cannot be is refused, and the service goes on as it was', async () => {
    const before = await machine.must('cat', '/etc/twelve/twelve.env');
    const refused = await machine.run('./scripts/install', '--set', 'TWELVE_LOG_BUDGET=much');
    expect(refused).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('TWELVE_LOG_BUDGET is "much"'),
    });
    expect(await machine.must('cat', '/etc/twelve/twelve.env')).toBe(before);
    await served('hello.other.example.test', 'from web.1');
  }, 400_000);

  test('beside another one it does not run', async () => {
    const beside = await machine.run('flock', '/run/twelve-install.lock', './scripts/install');
    expect(beside).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('Another installation or removal of the platform is under way'),
    });
  });

  const installed = (): Promise<string> => machine.must('readlink', '/opt/twelve/current');

  test('a newer version that does not come up gives way to the one before, with its database', async () => {
    const before = await installed();
    const settings = await machine.must('cat', '/etc/twelve/twelve.env');
    await shell(`
      cp -a . /root/newer && cd /root/newer
      echo 'CREATE TABLE newer (id INTEGER PRIMARY KEY) STRICT;' >platform/store/migrations/999-newer.sql
      sed -i "/const store = openStore/a process.kill(process.pid, 'SIGKILL');" platform/main.ts
      grep -q SIGKILL platform/main.ts
    `);
    const upgrade = () =>
      machine.run('/root/newer/scripts/install', '--set', 'TWELVE_DOMAIN=newer.example.test');
    const visited = await visitedWhile(machine, 'hello.other.example.test', async () => {
      expect(await upgrade()).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/the server ends again and again(.|\n)*Not installed: .* runs again\./),
      });
    });
    expectServed(visited);
    expect(await installed()).toBe(before);
    expect(await machine.must('cat', '/etc/twelve/twelve.env')).toBe(settings);
    // It would refuse a database that the newer one has upgraded.
    expect(await machine.must('twelve', 'releases', '-a', 'hello')).toMatch(/^v2 /m);
    expect(await served('hello.other.example.test', 'from web.1')).toContain('release v2');
    await machine.must('test', '-e', '/var/lib/twelve/backups/twelve-upgraded.db');
  }, 400_000);

  test('a newer version that comes up is installed, and the one before kept', async () => {
    const before = await installed();
    await shell(`
      cp platform/main.ts /root/newer/platform/main.ts && rm /root/newer/platform/store/migrations/999-newer.sql
      echo newer >>/root/newer/README.md
    `);
    const upgrade = () => machine.must('/root/newer/scripts/install');
    expectServed(await visitedWhile(machine, 'hello.other.example.test', upgrade));
    const now = (await installed()).trim();
    expect(now).not.toBe(before.trim());
    expect((await shell('ls -d /opt/twelve/versions/*')).trim().split('\n').sort()).toEqual(
      [before.trim(), now].sort(),
    );
    expect(await machine.must('twelve', 'releases', '-a', 'hello')).toMatch(/^v2 /m);
    expect(await served('hello.other.example.test', 'from web.1')).toContain('release v2');
  }, 400_000);

  test('taken away with its data kept, it comes back with its apps', async () => {
    const said = await machine.must('./scripts/install', '--uninstall');
    expect(said).toContain('data and settings stay');
    expect(await page('hello.other.example.test')).toBe('');
    expect((await machine.run('test', '-e', '/opt/twelve')).status).toBe(1);
    await machine.must('./scripts/install');
    expect(await served('hello.other.example.test', 'from web.1')).toContain('release v2');
  }, 900_000);

  const doctor = async (): Promise<string> => (await machine.run('twelve', 'doctor')).stdout;

  test('with fresh images the app goes on being served on its stack, until it is deployed anew', async () => {
    const router = (): Promise<string> =>
      shell(
        `curl -s --unix-socket /var/run/docker.sock http://engine/containers/json | grep -oE 'twelve/router:[0-9a-f]{12}'`,
      );
    const before = await router();
    expect(await doctor()).not.toContain('on a stack of before');
    const visited = await visitedWhile(machine, 'hello.other.example.test', () =>
      machine.must('./scripts/install', '--fresh-images'),
    );
    expect(await router()).not.toBe(before);
    expect(visited.ms).toBeLessThan(5000);
    expect(await machine.must('grep', 'TWELVE_IMAGES_EPOCH', '/etc/twelve/twelve.env')).toMatch(/="20\d\d-/);
    expect(await served('hello.other.example.test', 'from web.1')).toContain('release v2');
    expect(await doctor()).toContain('on a stack of before: hello');
    await machine.must('twelve', 'redeploy', '-a', 'hello');
    expect(await served('hello.other.example.test', 'release v3')).toContain('from web.1');
    expect(await doctor()).not.toContain('on a stack of before');
  }, 900_000);

  test('a backup is made of it', async () => {
    await shell('twelve server:backup /root/twelve.tgz; twelve server:key /root/twelve.key');
  }, 200_000);

  test('taken away with its data, nothing of it is left', async () => {
    const rules = async (program: string): Promise<string> =>
      (await machine.run(program, '-t', 'raw', '-S')).stdout;
    const id = (await machine.must('cat', '/var/lib/twelve/instance')).trim();
    expect(await rules('iptables')).toContain(`-N TWELVE-${id}-APPS\n`);
    await machine.must('test', '-d', `/run/twelve-${id}`);
    await machine.must('./scripts/install', '--uninstall', '--remove-data');
    for (const path of ['/var/lib/twelve', '/etc/twelve', '/opt/twelve', '/usr/local/bin/twelve'])
      expect((await machine.run('test', '-e', path)).status, path).toBe(1);
    // The lock of installations, which is not the platform's, until the next boot.
    expect(await shell('ls -d /run/twelve*')).toBe('/run/twelve-install.lock\n');
    for (const program of ['iptables', 'ip6tables']) expect(await rules(program)).not.toContain('TWELVE');
    expect((await machine.run('id', 'twelve')).status).toBe(1);
    expect((await machine.run('systemctl', 'cat', 'twelve')).status).not.toBe(0);
    const left = `curl -s --unix-socket /var/run/docker.sock 'http://engine/containers/json?all=1'`;
    expect(await shell(left)).toBe('[]\n');
  }, 300_000);

  // As a new machine has it: no image, and nothing that a build could take from before.
  test('its engine is emptied', async () => {
    const engine = 'curl -sf --unix-socket /var/run/docker.sock';
    await shell(`
      ${engine} -X POST 'http://engine/images/prune?filters=%7B%22dangling%22%3A%5B%22false%22%5D%7D'
      ${engine} -X POST 'http://engine/build/prune?all=true'
    `);
    expect(await shell(`${engine} http://engine/images/json`)).toBe('[]\n');
  }, 300_000);

  const restore = (file: string) =>
    machine.run(
      './scripts/install',
      ...['--domain', 'other.example.test', '--restore', file, '--key', '/root/twelve.key'],
    );

  test('a backup that is not whole begins no installation', async () => {
    await shell('head -c -2000 /root/twelve.tgz >/root/cut.tgz');
    expect(await restore('/root/cut.tgz')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(
        /The (archive|backup) (cannot be read|is refused)(.|\n)*is as empty as before\. There is no service yet\./,
      ),
    });
    for (const path of ['/opt/twelve/current', '/etc/twelve/twelve.env', '/usr/local/bin/twelve'])
      expect((await machine.run('test', '-e', path)).status, path).toBe(1);
    expect((await machine.run('systemctl', 'cat', 'twelve')).status).not.toBe(0);
    const left = ['find', '/var/lib/twelve', '-mindepth', '1', '!', '-name', 'server.lock'] as const;
    expect(await machine.must(...left)).toBe('');
  }, 900_000);

  test('one that is whole begins it with everything that was in it, as the service of its own user', async () => {
    expect(await restore('/root/twelve.tgz')).toMatchObject({ status: 0 });
    // On the stack that was in the backup, which is of no image here.
    expect(await served('hello.other.example.test', 'from web.1')).toContain('release v3');
    expect(await doctor()).toContain('on a stack of before: hello');
    expect(
      await shell(
        `cd /var/lib/twelve; stat -c '%U' twelve.db secret.key instance git git/* blobs | sort -u; stat -c %a secret.key`,
      ),
    ).toBe('twelve\n600\n');
    // With the token of before, into the repository of before.
    await shell(`
      cd /root/hello && echo more >more.txt && git add -A
      git -c user.name=A -c user.email=a@example.test commit -qm two
      git push platform main
    `);
    expect(await served('hello.other.example.test', 'release v4')).toContain('from web.1');
    expect(await restore('/root/twelve.tgz')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('/var/lib/twelve holds the data of a platform'),
    });
    await served('hello.other.example.test', 'release v4');
  }, 900_000);

  /** From another machine: a page, a push, and whether the API without TLS is reached. */
  const reached = async (): Promise<{ page: string; pushed: boolean; api: boolean }> => {
    const { stdout } = await outside('curl -s -m 5 http://hello.other.example.test/ || true');
    // Where nobody answers git would wait for minutes.
    const push = await outside(`
      curl -sf -m 5 --cacert ~/ca.pem https://other.example.test:5443/health
      cd ~/hello
      git -c user.name=A -c user.email=a@example.test commit -q --allow-empty -m more
      timeout 120 git push platform main
    `);
    const api = await outside('curl -s -m 5 http://other.example.test:5480/health');
    return { page: stdout.trim(), pushed: push.status === 0, api: api.status === 0 };
  };
  const shut = { page: '', pushed: false, api: false };
  const through = { page: expect.stringContaining('from web.1'), pushed: true, api: false };
  let outside: Awaited<ReturnType<typeof outsideOf>>;

  test('behind ufw, what it says lets visitors and pushes in, and nobody else', async () => {
    outside = await outsideOf(machine, ['other.example.test', 'hello.other.example.test']);
    await shell('twelve ca >/root/outside/ca.pem; twelve server:token >/root/outside/token');
    const login = await outside(`
      twelve login https://other.example.test:5443 --ca ~/ca.pem --token-file ~/token
      cp -r /root/hello ~/hello && cd ~/hello && git remote remove platform
      twelve git:remote -a hello
    `);
    expect(login).toMatchObject({ status: 0 });
    await shell('DEBIAN_FRONTEND=noninteractive apt-get install -y -q ufw; ufw --force enable');
    expect(await reached()).toEqual(shut);
    await shell(/ufw allow .*/.exec(await machine.must('./scripts/install'))![0]);
    expect(await reached()).toEqual(through);
    await shell('ufw --force disable');
  }, 600_000);

  test('with firewalld it asks for an engine that was started after it, and what it says then lets them in', async () => {
    await shell('DEBIAN_FRONTEND=noninteractive apt-get install -y -q firewalld');
    expect(await machine.run('./scripts/install')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('systemctl restart docker'),
    });
    await shell('systemctl restart docker');
    expect(await reached()).toEqual(shut);
    await shell(/firewall-cmd --permanent .*/.exec(await machine.must('./scripts/install'))![0]);
    expect(await reached()).toEqual(through);
  }, 600_000);
});

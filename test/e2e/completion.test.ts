// Completion in real shells: what Tab makes of a line in bash, zsh and fish, with the compiled program and an API that answers.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from '../support/program.ts';
import { root } from '../support/server-process.ts';
import { scriptedApi } from '../unit/cli/scripted.ts';

let folder: string;
let api: Awaited<ReturnType<typeof scriptedApi>>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twelve-shells-'));
  mkdirSync(join(folder, 'bin'));
  const shim = join(folder, 'bin', 'twelve');
  writeFileSync(shim, `#!/bin/sh\nexec ${process.execPath} ${join(root, 'dist', 'cli', 'main.js')} "$@"\n`);
  chmodSync(shim, 0o755);
  api = await scriptedApi({
    'GET /apps': { body: [{ name: 'hello' }, { name: 'hey' }] },
    'GET /apps/hello/formation': { body: [{ type: 'web' }, { type: 'worker' }] },
  });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** As the shell itself would be asked on Tab. @returns what it offers */
const askers: Record<string, { program: string; script(line: string): string }> = {
  bash: {
    program: 'bash',
    script: (line) => `
      eval "$(twelve completion bash)"
      COMP_LINE=${JSON.stringify(line)} COMP_POINT=${line.length}
      compopt() { :; }
      _twelve
      printf '%s\\n' "\${COMPREPLY[@]}"`,
  },
  zsh: {
    program: 'zsh',
    // A terminal of its own, on which keys are pressed: zsh completes nowhere else.
    script: (line) => `
      zmodload zsh/zpty
      zpty shell "zsh -f -i"
      zpty -w shell "PS1=; autoload -U compinit; compinit -D -u; source <(twelve completion zsh); zstyle ':completion:*' format ''; LISTMAX=1000; echo ready-$((1+1))"
      zpty -r -m shell out '*ready-2*'
      zpty -w -n shell ${JSON.stringify(line)}$'\\t\\t'
      sleep 5
      zpty -r -t shell out; while zpty -r -t shell more; do out+=$more; done
      zpty -d shell
      print -r -- "$out" | sed -E 's/\\x1b\\[[0-9;?]*[A-Za-z]//g' | tr -s ' \\r' '\\n\\n'`,
  },
  fish: {
    program: 'fish',
    script: (line) => `
      twelve completion fish | source
      complete -C ${JSON.stringify(line)} | string split -f1 \\t`,
  },
};

async function offered(shell: string, line: string): Promise<string[]> {
  const { program, script } = askers[shell]!;
  const { stdout, stderr } = await run(
    program,
    shell === 'bash' ? ['--norc', '-c', script(line)] : ['-c', script(line)],
    {
      cwd: folder,
      env: {
        PATH: `${join(folder, 'bin')}:/usr/local/bin:/usr/bin:/bin`,
        HOME: folder,
        TERM: 'xterm',
        LANG: 'C.UTF-8',
        TWELVE_URL: api.url,
        TWELVE_TOKEN: 'secret-token',
      },
    },
  );
  return `${stdout}${stderr && `\n${stderr}`}`.split('\n').filter(Boolean);
}

const lines: [line: string, offered: string[]][] = [
  // bash replaces what is behind the colon alone.
  ['twelve config:', ['config:get', 'config:set', 'config:unset']],
  ['twelve logs --s', ['--since', '--source']],
  ['twelve ps -a he', ['hello', 'hey']],
  ['twelve ps:scale -a hello w', ['web=', 'worker=']],
];

it.each(['bash', 'zsh', 'fish'].flatMap((shell) => lines.map(([line, words]) => ({ shell, line, words }))))(
  '$shell: $line',
  async ({ shell, line, words }) => {
    const wanted = shell === 'bash' ? words.map((word) => word.replace(/^config:/, '')) : words;
    const found = await offered(shell, line);
    if (shell === 'zsh') expect(found.join(' ')).toMatch(new RegExp(wanted.join('.*')));
    else expect(found).toEqual(wanted);
  },
);

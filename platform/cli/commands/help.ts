// help and version.
import { usageLine } from '../args.ts';
import type { Command } from '../command.ts';
import { usageError } from '../errors.ts';
import type { Output } from '../output.ts';
import { closestName, findCommand, rooms } from '../registry.ts';
import { version } from '../version.ts';

const help: Command = {
  name: 'help',
  usage: 'help [command]',
  summary: 'list the commands, or explain one',
  example: 'twelve help ps:scale',
  flags: {},
  async run(call) {
    const [name] = call.words;
    if (name === undefined) return await overview(call.out);
    const command = await findCommand(name);
    if (command) return describe(call.out, command);
    const meant = closestName(name);
    throw usageError(`"${name}" is not a command of twelve.${meant ? ` Did you mean ${meant}?` : ''}`);
  },
};

async function overview(out: Output): Promise<void> {
  out.line('Usage: twelve <command> [options]');
  const loaded = await Promise.all(
    rooms.map(async ({ topic, load }) => ({ topic, commands: (await load()).commands })),
  );
  const shown = loaded.flatMap(({ topic, commands }) =>
    commands.filter((command) => !command.hidden).map((command) => ({ topic, command })),
  );
  const width = Math.max(...shown.map(({ command }) => command.name.length));
  let topic = '';
  for (const entry of shown) {
    if (entry.topic !== topic) {
      topic = entry.topic;
      out.line();
      out.line(topic);
    }
    out.line(`  ${entry.command.name.padEnd(width)}  ${entry.command.summary}`);
  }
  out.line();
  out.line('"twelve help <command>" shows its options and an example.');
}

export function describe(out: Output, command: Command): void {
  out.line(usageLine(command));
  out.line(`\n${command.summary.charAt(0).toUpperCase()}${command.summary.slice(1)}.`);
  const flags = Object.entries(command.flags).filter(([, flag]) => flag.help);
  if (flags.length > 0) {
    out.line('\nOptions');
    out.table(
      flags.map(([name, flag]) => [
        `  ${flag.short ? `-${flag.short}, ` : '    '}--${name}${flag.type === 'string' ? ' <…>' : ''}`,
        flag.help!,
      ]),
    );
  }
  if (command.aliases) out.line(`\nAlso: ${command.aliases.map((alias) => `twelve ${alias}`).join(', ')}`);
  out.line(`\nExample\n  ${command.example}`);
}

const versionCommand: Command = {
  name: 'version',
  usage: 'version',
  summary: 'show the version',
  example: 'twelve version',
  flags: {},
  async run(call) {
    call.out.line(`twelve/${version()} ${process.platform}-${process.arch} node-${process.version}`);
  },
};

export const commands: readonly Command[] = [help, versionCommand];

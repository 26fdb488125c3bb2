// help and version.
import type { Call, Command, World } from '../command.ts';
import { usageError } from '../errors.ts';
import { describeCommand, listCommands, overview, topicNamed } from '../help-text.ts';
import { allCommands, closestName, findCommand } from '../registry.ts';
import { version } from '../version.ts';

const help: Command = {
  name: 'help',
  usage: 'help [command]',
  summary: "list the topics, a topic's commands or all, or explain a command",
  example: 'twelve help ps:scale',
  examples: ['twelve help processes', 'twelve help all'],
  flags: {},
  async run(call) {
    const [name] = call.words;
    const { out, world } = call;
    const width = widthOf(world);
    const all = await allCommands();
    if (name === undefined) return out.text(overview(all, width));
    if (name === 'all') return out.text(listCommands(all, width));
    const command = await findCommand(name);
    if (command) return await explain(call, command);
    const topic = topicNamed(name, all);
    if (topic.length > 0) return out.text(listCommands(topic, width));
    const meant = closestName(name);
    throw usageError(
      `"${name}" is neither a command of twelve nor a topic.${meant ? ` Did you mean ${meant}?` : ''}\n"twelve help" lists them.`,
    );
  },
};

/** What `--help` behind a command shows. */
export async function explain({ out, world }: Pick<Call, 'out' | 'world'>, command: Command): Promise<void> {
  out.text(describeCommand(command, await allCommands(), widthOf(world)));
}

/** Lines longer than this are hard to read, however wide the terminal. */
const widest = 100;
const widthOf = ({ stdout }: Pick<World, 'stdout'>): number => Math.min(stdout.columns || 80, widest);

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

// completion: a script that has a shell ask us what may come next; and what it asks.

import type { Command } from '../command.ts';
import { candidates, filesHere } from '../complete.ts';
import { completionScripts } from '../completion-scripts.ts';
import { usageError } from '../errors.ts';

const completion: Command = {
  name: 'completion',
  usage: 'completion <shell>',
  summary: 'print the script that completes commands, options, apps and process types in bash, zsh or fish',
  example: 'twelve completion bash > ~/.local/share/bash-completion/completions/twelve',
  examples: [
    'source <(twelve completion zsh)',
    'twelve completion fish > ~/.config/fish/completions/twelve.fish',
  ],
  flags: {},
  async run(call) {
    const shell = call.words[0]!;
    if (!Object.hasOwn(completionScripts, shell))
      throw usageError(`"${shell}" is not a shell that can be completed in. Name bash, zsh or fish.`);
    call.out.raw(completionScripts[shell]!);
  },
};

/** Never an error: nobody who presses Tab wants to read one. */
const words: Command = {
  name: 'completion:words',
  usage: 'completion:words <word>…',
  summary: 'what may come next; the last word is the one that is being written',
  example: "completion:words ps:scale -a ''",
  hidden: true,
  passThrough: true,
  flags: {},
  async run(call) {
    const found = await candidates(call.words, call.world).catch(() => []);
    if (found === filesHere) return call.out.raw(':files\n');
    for (const { value, about } of found) call.out.raw(about ? `${value}\t${about}\n` : `${value}\n`);
  },
};

export const commands: readonly Command[] = [completion, words];

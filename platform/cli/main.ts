#!/usr/bin/env node
// The `twelve` command: hands this process's arguments and terminal to dispatch.
import { dispatch } from './dispatch.ts';
import { readEnvironment } from './environment.ts';

const status = await dispatch(process.argv.slice(2), {
  env: readEnvironment(process.env),
  cwd: process.cwd(),
  // Opening standard input takes time and keeps the process alive: only for commands that read it.
  get stdin() {
    return process.stdin;
  },
  stdout: process.stdout,
  stderr: process.stderr,
  signals: process,
});

// What an interrupted command left open must not keep us.
if (status === 130) process.exit(status);
process.exitCode = status;

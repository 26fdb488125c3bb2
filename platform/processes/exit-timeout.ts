// What the log says of a process that did not end in time after SIGTERM: Heroku's R12.
export function exitTimeout(graceMs: number): string[] {
  return [
    `Error R12 (Exit timeout) -> At least one program failed to exit within ${Math.round(graceMs / 1000)} seconds of SIGTERM`,
    'Stopping remaining programs with SIGKILL',
  ];
}

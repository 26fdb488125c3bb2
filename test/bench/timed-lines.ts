// Lines that tell when they were printed: both clocks are this machine's.

/** A command that prints so many at an even pace. */
export function printingTimes(perSecond: number, total: number): string {
  const script = `let n=0; const t=setInterval(() => { for (let i=0;i<${perSecond / 100};i++,n++) console.log("at " + (performance.timeOrigin + performance.now())); if (n>=${total}) clearInterval(t); }, 10)`;
  return `node -e '${script}'`;
}

/** Seconds, of a line that ends with such a text; null for any other. */
export function sincePrinted(line: string): number | null {
  const printed = / at ([\d.]+)$/.exec(line)?.[1];
  return printed === undefined ? null : (performance.timeOrigin + performance.now() - Number(printed)) / 1000;
}

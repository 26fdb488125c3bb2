// A metric: a name, what it says, and a value for each combination of labels.

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  /** Behind the metric's name: `_bucket`, `_sum`, `_count`. */
  suffix?: string;
  labels: Labels;
  value: number;
}

export interface Metric {
  name: string;
  kind: 'counter' | 'gauge' | 'histogram' | 'summary';
  help: string;
  samples(): readonly Sample[];
}

/** Samples that differ in nothing but their value are one, their sum: so what has no label of its own is in another's. */
export function metric(name: string, kind: Metric['kind'], help: string) {
  const found = new Map<string, { suffix: string; labels: Labels; value: number }>();
  return {
    ...{ name, kind, help },
    add(labels: Labels, value: number, suffix = ''): void {
      const key = JSON.stringify([suffix, labels]);
      const known = found.get(key);
      if (known) known.value += value;
      else found.set(key, { suffix, labels, value });
    },
    samples: () => [...found.values()],
  };
}

/** Prometheus' text format, version 0.0.4. What has no sample is left out. */
export function metricsText(metrics: readonly Metric[]): string {
  return metrics
    .map(({ name, kind, help, samples }) => {
      const lines = samples().map(
        ({ suffix = '', labels, value }) => `${name}${suffix}${labelText(labels)} ${value}\n`,
      );
      return lines.length === 0 ? '' : `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n${lines.join('')}`;
    })
    .join('');
}

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

function escaped(value: string): string {
  return value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n');
}

/** Prometheus' text format. Source: Prometheus, "Exposition formats", version 0.0.4. */

export interface Metric {
  /** `nsgflow_packets_total`: counters end in `_total`, units are last. */
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  /** A sample without a value is left out. */
  readonly value: number | undefined;
}

export function formatMetrics(metrics: readonly Metric[]): string {
  const lines: string[] = [];
  for (const { name, type, help, samples } of metrics) {
    const known = samples.filter(({ value }) => value !== undefined);
    if (known.length === 0) continue;
    lines.push(`# HELP ${name} ${escape(help)}`, `# TYPE ${name} ${type}`);
    for (const { labels = {}, value } of known) {
      const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escape(text).replaceAll('"', '\\"')}"`);
      lines.push(`${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function escape(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

/** A metric with one value. */
export function single(name: string, type: Metric['type'], help: string, value: number | undefined): Metric {
  return { name, type, help, samples: [{ value }] };
}

/** A metric with one value per value of a label, sorted by label value. */
export function byLabel(
  name: string,
  type: Metric['type'],
  help: string,
  label: string,
  values: Readonly<Record<string, number>>,
): Metric {
  const samples = Object.entries(values)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => ({ labels: { [label]: key }, value }));
  return { name, type, help, samples };
}

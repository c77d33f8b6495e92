// Prometheus' text format (version 0.0.4).

export type MetricType = 'counter' | 'gauge';

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  readonly samples: readonly Sample[];
}

const escapeLabel = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
const escapeHelp = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

function renderValue(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return String(value);
}

function renderSample(name: string, { labels, value }: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${renderValue(value)}\n`;
}

/** Metrics without a sample are left out. */
export function renderExposition(metrics: readonly Metric[]): string {
  return metrics
    .filter(({ samples }) => samples.length > 0)
    .map(
      ({ name, help, type, samples }) =>
        `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${samples.map((sample) => renderSample(name, sample)).join('')}`,
    )
    .join('');
}

export const gauge = (
  name: string,
  help: string,
  value: number | undefined,
  labels: Readonly<Record<string, string>> = {},
): Metric => ({ name, help, type: 'gauge', samples: value === undefined ? [] : [{ labels, value }] });

export const counter = (
  name: string,
  help: string,
  value: number,
  labels: Readonly<Record<string, string>> = {},
): Metric => ({ name, help, type: 'counter', samples: [{ labels, value }] });

/** One gauge with a sample for each key, under the label `value`. */
export const gauges = (name: string, help: string, values: Readonly<Record<string, number | undefined>>): Metric => ({
  name,
  help,
  type: 'gauge',
  samples: Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [{ labels: { value: key }, value }],
  ),
});

import type { Column } from './columns.ts';

const units: readonly [string, number][] = [
  ['y', 365 * 86_400],
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
];

/** A time span as kubectl prints it: two units while the first is small, else one. */
export function humanDuration(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 120) return `${s}s`;
  const minutes = Math.floor(s / 60);
  if (minutes < 10) return s % 60 === 0 ? `${minutes}m` : `${minutes}m${s % 60}s`;
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(s / 3600);
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (days < 8) return hours % 24 === 0 ? `${days}d` : `${days}d${hours % 24}h`;
  const [unit, size] = units[days < 2 * 365 ? 1 : 0] ?? ['d', 86_400];
  return `${Math.floor(s / size)}${unit}`;
}

export const age = (since: string | null | undefined, now: Date): string =>
  since ? humanDuration((now.getTime() - Date.parse(since)) / 1000) : '<unknown>';

export const text = (name: string, cell: Column['cell'], priority = 0): Column => ({
  name,
  type: 'string',
  priority,
  cell,
});
export const nameColumn: Column = { ...text('Name', (object) => object.metadata.name ?? ''), format: 'name' };
export const ageColumn: Column = text('Age', (object, now) => age(object.metadata.creationTimestamp, now));
export const nameAndAge: readonly Column[] = [nameColumn, ageColumn];

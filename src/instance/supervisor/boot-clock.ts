import { readFileSync } from 'node:fs';

/** Hundredths of a second since the machine was started. Unlike process.hrtime it counts suspended time; it cannot be set. */
export function bootTime(): number {
  const [text = '0'] = readFileSync('/proc/uptime', 'utf8').split(' ');
  return Math.round(Number(text) * 100);
}

// node:fs for the simulated machines: what the manager does with files without waiting.
import * as real from 'node:fs';
import { theWorld } from '../stage.ts';
import { isSimulated, look, workingDirectory } from './proc.ts';

export * from 'node:fs';

export function readFileSync(path: string, options?: unknown): unknown {
  if (!isSimulated(path)) return real.readFileSync(path, options as 'utf8');
  const content = look(path);
  if (options === undefined) return Buffer.from(content as string);
  return typeof content === 'string' ? content : Buffer.from(content as Uint8Array).toString();
}

export function writeFileSync(path: string, content: string): void {
  if (!isSimulated(path)) return real.writeFileSync(path, content);
  theWorld().files(path).write(path, content);
}

export function renameSync(from: string, to: string): void {
  if (!isSimulated(from)) return real.renameSync(from, to);
  theWorld().files(from).rename(from, to);
}

export const existsSync = (path: string): boolean =>
  isSimulated(path) ? theWorld().files(path).has(path) : real.existsSync(path);

export function readdirSync(path: string): string[] {
  if (path === '/proc') return [...theWorld().here().processes.keys()].map(String);
  return isSimulated(path) ? theWorld().files(path).list(path) : real.readdirSync(path);
}

export const readlinkSync = (path: string): string =>
  isSimulated(path) ? workingDirectory(path) : real.readlinkSync(path);

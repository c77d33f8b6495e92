import { readFile, readdir, readlink } from 'node:fs/promises';
import path from 'node:path';

export interface Listener {
  readonly address: string;
  readonly port: number;
  readonly inode: string;
}

/** An IPv4 address of /proc/net/tcp: little-endian hexadecimal. */
const decodeAddress = (hex: string): string => [...Buffer.from(hex, 'hex')].reverse().join('.');

/** The listening sockets of /proc/net/tcp (proc(5)). */
export function parseListeners(text: string): Listener[] {
  const listening = '0A';
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === listening)
    .map((fields) => {
      const [address = '', port = ''] = (fields[1] ?? '').split(':');
      return { address: decodeAddress(address), port: Number.parseInt(port, 16), inode: fields[9] ?? '' };
    });
}

export const allListeners = async (): Promise<Listener[]> => parseListeners(await readFile('/proc/net/tcp', 'utf8'));

/** Who keeps us from listening on an address: somebody there, or on all addresses. */
export const findListener = (all: readonly Listener[], address: string, port: number): Listener | undefined =>
  all.find((it) => it.port === port && (it.address === address || it.address === '0.0.0.0'));

/** "process 4711 (nginx)" for the owner of a socket, as far as we may look; undefined when it is somebody else's. */
export async function ownerOf(listener: Listener): Promise<string | undefined> {
  const wanted = `socket:[${listener.inode}]`;
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    const directory = `/proc/${pid}/fd`;
    for (const descriptor of await readdir(directory).catch(() => [])) {
      if ((await readlink(path.join(directory, descriptor)).catch(() => '')) !== wanted) continue;
      const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '?');
      return `process ${pid} (${name.trim()})`;
    }
  }
  return undefined;
}

/** The subnets 127.N in which somebody listens. */
export const busySubnets = (all: readonly Listener[]): Set<string> =>
  new Set(all.filter((it) => it.address.startsWith('127.')).map((it) => it.address.split('.').slice(0, 2).join('.')));

/** A subnet 127.N (N from 64 to 250) without listeners, the search beginning at a place that depends on `seed`. */
export function chooseSubnet(busy: ReadonlySet<string>, seed: number): string | undefined {
  const [first, count] = [64, 187];
  for (let step = 0; step < count; step++) {
    const subnet = `127.${first + ((seed + step) % count)}`;
    if (!busy.has(subnet)) return subnet;
  }
  return undefined;
}

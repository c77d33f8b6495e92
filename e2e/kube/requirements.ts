import { accessSync, constants, readFileSync } from 'node:fs';
import path from 'node:path';

const has = (file: string, mode = constants.F_OK): boolean => {
  try {
    accessSync(file, mode);
    return true;
  } catch {
    return false;
  }
};

/** CAP_NET_ADMIN and CAP_SYS_ADMIN (linux/capability.h); root in a container often lacks them. */
function mayMakeNamespaces(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const wanted = (1n << 12n) | (1n << 21n);
  return (BigInt(`0x${effective}`) & wanted) === wanted;
}

/** Why a Kubernetes cannot be built and run on this machine, or undefined. */
export function missing(): string | undefined {
  if (process.getuid?.() !== 0) return 'it needs root, for network namespaces';
  if (!mayMakeNamespaces()) return 'it needs the right to make network namespaces and mounts (CAP_NET_ADMIN, CAP_SYS_ADMIN)';
  const directories = (process.env['PATH'] ?? '').split(':').concat('/usr/local/go/bin');
  if (!directories.some((directory) => has(path.join(directory, 'go'), constants.X_OK)))
    return 'it needs Go, to build Kubernetes';
  if (!has('/etc/debian_version') || !has('/usr/bin/dpkg')) return 'it needs Debian, for its packages';
  if (!has('/sys/fs/cgroup/memory')) return 'it needs cgroup v1';
  return undefined;
}

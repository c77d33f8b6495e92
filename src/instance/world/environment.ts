import os from 'node:os';
import { instancePaths, type InstancePaths } from '../../paths.ts';
import { port } from '../../naming.ts';

/** Who this manager is and where it runs; from the environment of its container, read once. */
export interface InstanceEnvironment {
  readonly clusterName: string;
  readonly namespace: string;
  readonly podName: string;
  readonly podIp: string;
  readonly podUid: string;
  readonly nodeName: string;
  /** The pod was made beside the Job that makes its database (docs/adr/0027). */
  readonly startsBeside: boolean;
  readonly paths: InstancePaths;
  /** Where servers listen instead of on all addresses (embedded engine). */
  readonly bind: string | undefined;
  readonly port: number;
  readonly tcpUserTimeoutMs: number;
  /** The operating system's user that PostgreSQL and we run as. */
  readonly systemUser: string;
}

type Variables = Readonly<Record<string, string | undefined>>;

function required(variables: Variables, name: string): string {
  const value = variables[name];
  if (value === undefined || value === '') throw new Error(`the environment variable ${name} is not set`);
  return value;
}

function systemUser(): string {
  try {
    return os.userInfo().username;
  } catch (error) {
    throw new Error(`user ${process.getuid?.()} has no entry in /etc/passwd, which PostgreSQL needs`, { cause: error });
  }
}

export function readEnvironment(variables: Variables = process.env): InstanceEnvironment {
  const bind = variables['HOWDAH_BIND'];
  return {
    clusterName: required(variables, 'CLUSTER_NAME'),
    namespace: required(variables, 'NAMESPACE'),
    podName: required(variables, 'POD_NAME'),
    podIp: variables['POD_IP'] ?? '',
    podUid: variables['POD_UID'] ?? '',
    nodeName: variables['NODE_NAME'] ?? '',
    startsBeside: (variables['HOWDAH_STARTS_BESIDE'] ?? '') !== '',
    paths: { ...instancePaths(variables['HOWDAH_ROOT'] ?? ''), data: required(variables, 'PGDATA') },
    bind: bind === '' ? undefined : bind,
    port: Number(variables['PGPORT'] ?? port.postgres),
    tcpUserTimeoutMs: Number(variables['CNPG_STANDBY_TCP_USER_TIMEOUT'] ?? 5000),
    systemUser: systemUser(),
  };
}

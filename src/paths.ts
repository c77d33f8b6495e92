// Every path inside an instance's pod (reference §2.1). `root` is '' in a container; on the embedded engine, which has no
// container file systems, it is the directory that stands for the container's root (environment variable HOWDAH_ROOT).

/** Where volumes are mounted, as pod specs name them. */
export const mount = {
  data: '/var/lib/postgresql/data',
  wal: '/var/lib/postgresql/wal',
  tablespaces: '/var/lib/postgresql/tablespaces',
  controller: '/controller',
  run: '/run',
  shm: '/dev/shm',
  projected: '/projected',
  serviceAccount: '/var/run/secrets/kubernetes.io/serviceaccount',
} as const;

/** The program, where images have it and where the init container copies it for an unmodified PostgreSQL image. */
export const program = {
  inImage: '/howdah',
  inPod: '/controller/howdah',
} as const;

export interface InstancePaths {
  readonly root: string;
  readonly data: string;
  readonly wal: string;
  readonly tablespaces: string;
  readonly program: string;
  readonly sockets: string;
  readonly certificates: string;
  readonly logs: string;
  readonly temporary: string;
  readonly external: string;
  readonly state: string;
  readonly serviceAccount: string;
}

export function instancePaths(root: string): InstancePaths {
  const at = (path: string): string => root + path;
  return {
    root,
    data: at(`${mount.data}/pgdata`),
    wal: at(`${mount.wal}/pg_wal`),
    tablespaces: at(mount.tablespaces),
    program: at(program.inPod),
    sockets: at(`${mount.controller}/run`),
    certificates: at(`${mount.controller}/certificates`),
    logs: at(`${mount.controller}/log`),
    temporary: at(`${mount.controller}/tmp`),
    external: at(`${mount.controller}/external`),
    /** Beside PGDATA on the data volume: survives the pod, not part of a base backup. */
    state: at(`${mount.data}/howdah`),
    serviceAccount: at(mount.serviceAccount),
  };
}

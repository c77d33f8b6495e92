import type { ContainerRecord, Exit, PodRecord } from '../model/records.ts';
import type { Container, PodSpec } from '../model/types.ts';

export const aContainer = (name = 'main', more: Partial<Container> = {}): Container => ({
  name,
  image: 'any',
  ...more,
});

/** A run that started at 0 s of the clock and, if `exit` is given, ended at `exit[1]` seconds with code `exit[0]`. */
export function aRecord(
  exit?: readonly [code: number, atSeconds: number],
  more: { attempt?: number; backOff?: number; started?: boolean } = {},
): ContainerRecord {
  const ended: { exit?: Exit } = exit
    ? {
        exit: {
          code: exit[0],
          reason: exit[0] === 0 ? 'Completed' : 'Error',
          finishedAt: new Date(exit[1] * 1000).toISOString(),
        },
      }
    : {};
  const { attempt = 0, backOff = 0, started = true } = more;
  const startedAt = new Date(0).toISOString();
  return {
    run: { attempt, id: `id${attempt}`, image: 'any', startedAt, started, ready: started && !exit, ...ended },
    backOff,
  };
}

export function aPodRecord(containers: Record<string, ContainerRecord>, spec: Partial<PodSpec> = {}): PodRecord {
  return {
    pod: { metadata: { name: 'pod', namespace: 'default', uid: 'uid' }, spec: { containers: [aContainer()], ...spec } },
    ip: '127.88.11.1',
    startTime: new Date(0).toISOString(),
    containers,
    volumes: {},
  };
}

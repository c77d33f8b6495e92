import type { Container, PodSpec, Volume } from '../kube/objects.ts';
import { dataVolumeClaim, tablespaceClaim, tablespaceVolume, volume, walVolumeClaim } from '../naming.ts';
import { mount } from '../paths.ts';
import type { Cluster } from './model.ts';

type Mount = NonNullable<Container['volumeMounts']>[number];

const claim = (name: string, claimName: string): Volume => ({ name, persistentVolumeClaim: { claimName } });

/**
 * The token of the service account, as Kubernetes would mount it by itself. It is spelled out because automounting is off for
 * everything else in the pod.
 */
const apiAccess: Volume = {
  name: volume.apiAccess,
  projected: {
    defaultMode: 0o644,
    sources: [
      { serviceAccountToken: { path: 'token', expirationSeconds: 3607 } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      {
        downwardAPI: {
          items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
        },
      },
    ],
  },
};

function scratch({ spec }: Cluster): Volume {
  if (spec.ephemeralVolumeSource !== undefined) return { name: volume.scratch, ephemeral: spec.ephemeralVolumeSource };
  const sizeLimit = spec.ephemeralVolumesSizeLimit?.temporaryData;
  return { name: volume.scratch, emptyDir: sizeLimit === undefined ? {} : { sizeLimit: String(sizeLimit) } };
}

/** The volumes of an instance, and of the Jobs that make one. */
export function instanceVolumes(cluster: Cluster, instance: string): NonNullable<PodSpec['volumes']> {
  const { spec } = cluster;
  const shm = spec.ephemeralVolumesSizeLimit?.shm;
  return [
    claim(volume.data, dataVolumeClaim(instance)),
    ...(spec.walStorage === undefined ? [] : [claim(volume.wal, walVolumeClaim(instance))]),
    ...(spec.tablespaces ?? []).map(({ name }) => claim(tablespaceVolume(name), tablespaceClaim(instance, name))),
    scratch(cluster),
    { name: volume.shm, emptyDir: { medium: 'Memory', ...(shm === undefined ? {} : { sizeLimit: String(shm) }) } },
    apiAccess,
    ...(spec.projectedVolumeTemplate === undefined
      ? []
      : [{ name: volume.projected, projected: spec.projectedVolumeTemplate }]),
  ];
}

const scratchMounts: Mount[] = [
  { name: volume.scratch, mountPath: mount.run },
  { name: volume.scratch, mountPath: mount.controller },
];

export const bootstrapMounts = (): Mount[] => scratchMounts.map((entry) => ({ ...entry }));

export function instanceMounts({ spec }: Cluster): Mount[] {
  return [
    { name: volume.data, mountPath: mount.data },
    ...(spec.walStorage === undefined ? [] : [{ name: volume.wal, mountPath: mount.wal }]),
    ...(spec.tablespaces ?? []).map(({ name }) => ({
      name: tablespaceVolume(name),
      mountPath: `${mount.tablespaces}/${name}`,
    })),
    ...bootstrapMounts(),
    { name: volume.shm, mountPath: mount.shm },
    { name: volume.apiAccess, mountPath: mount.serviceAccount, readOnly: true },
    ...(spec.projectedVolumeTemplate === undefined
      ? []
      : [{ name: volume.projected, mountPath: mount.projected, readOnly: true }]),
  ];
}

import { randomBytes } from 'node:crypto';
import { fieldForbidden, forbidden, invalidValue, required, type Cause } from '../model/errors.ts';
import { equal } from '../model/equal.ts';
import type { Services } from '../call/services.ts';
import type { Loose, Obj } from '../model/types.ts';
import { defaults, podSpecDefaults } from './pod-spec.ts';
import type { KindRules } from './kind-rules.ts';

const tokenDirectory = '/var/run/secrets/kubernetes.io/serviceaccount';
const podSubject = { group: '', plural: 'pods', kind: 'Pod' };

const tokenVolume = (name: string): Loose => ({
  name,
  projected: {
    defaultMode: 0o644,
    sources: [
      { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      {
        downwardAPI: {
          items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
        },
      },
    ],
  },
});

/** Every pod has an account, and its token mounted unless it (or the account) says no. */
function serviceAccount(pod: Obj, services: Services): void {
  const spec: Loose = pod['spec'];
  spec.serviceAccountName ||= 'default';
  spec.serviceAccount = spec.serviceAccountName;
  const { namespace = '', name = '' } = pod.metadata;
  const account = services.store.get('/serviceaccounts', namespace, spec.serviceAccountName);
  if (!account) {
    const why = `error looking up service account ${namespace}/${spec.serviceAccountName}: serviceaccount ${JSON.stringify(spec.serviceAccountName)} not found`;
    throw forbidden(podSubject, name, why);
  }
  if ((spec.automountServiceAccountToken ?? account['automountServiceAccountToken']) === false) return;
  const bare = [...spec.containers, ...(spec.initContainers ?? [])].filter(
    (container: Loose) => !(container.volumeMounts ?? []).some((mount: Loose) => mount.mountPath === tokenDirectory),
  );
  if (bare.length === 0) return;
  const volume = tokenVolume(`kube-api-access-${randomBytes(3).toString('hex').slice(0, 5)}`);
  spec.volumes = [...(spec.volumes ?? []), volume];
  for (const container of bare) {
    const mount = { name: volume.name, readOnly: true, mountPath: tokenDirectory };
    container.volumeMounts = [...(container.volumeMounts ?? []), mount];
  }
}

function qosClass(spec: Loose): string {
  const all: Loose[] = [...spec.containers, ...(spec.initContainers ?? [])].map(
    (container) => container.resources ?? {},
  );
  if (all.every(({ requests = {}, limits = {} }) => ![...Object.keys(requests), ...Object.keys(limits)].length))
    return 'BestEffort';
  const same = all.every(({ requests = {}, limits }) =>
    ['cpu', 'memory'].every(
      (name) => limits?.[name] !== undefined && (requests[name] ?? limits[name]) === limits[name],
    ),
  );
  return same ? 'Guaranteed' : 'Burstable';
}

function containerCauses(containers: Loose[] = [], field: string, volumes: Set<string>, names: Set<string>): Cause[] {
  return containers.flatMap((container, index) => {
    const causes: Cause[] = [];
    const at = `${field}[${index}]`;
    if (!container.image) causes.push(required(`${at}.image`));
    if (names.has(container.name)) {
      causes.push({
        reason: 'FieldValueDuplicate',
        message: `Duplicate value: ${JSON.stringify(container.name)}`,
        field: `${at}.name`,
      });
    }
    names.add(container.name);
    for (const [place, mount] of (container.volumeMounts ?? []).entries()) {
      if (volumes.has(mount.name)) continue;
      causes.push({
        reason: 'FieldValueNotFound',
        message: `Not found: ${JSON.stringify(mount.name)}`,
        field: `${at}.volumeMounts[${place}].name`,
      });
    }
    return causes;
  });
}

/** A pod spec without what may change in a running pod. */
function frozen(spec: Loose): Loose {
  const images = (list: Loose[] = []): Loose[] => list.map(({ image: _, ...rest }) => rest);
  const {
    containers,
    initContainers,
    activeDeadlineSeconds: _a,
    tolerations: _t,
    terminationGracePeriodSeconds: _g,
    ...rest
  } = spec;
  return { ...rest, containers: images(containers), initContainers: images(initContainers) };
}

const updateMessage =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

export function podSpecCauses(spec: Loose, field: string): Cause[] {
  const volumes = new Set<string>((spec.volumes ?? []).map((volume: Loose) => volume.name));
  const names = new Set<string>();
  const causes = [
    ...containerCauses(spec.initContainers, `${field}.initContainers`, volumes, names),
    ...containerCauses(spec.containers, `${field}.containers`, volumes, names),
  ];
  if (!spec.containers?.length) causes.unshift(required(`${field}.containers`));
  if (spec.terminationGracePeriodSeconds < 0) {
    causes.push(
      invalidValue(
        `${field}.terminationGracePeriodSeconds`,
        spec.terminationGracePeriodSeconds,
        'must be greater than or equal to 0',
      ),
    );
  }
  return causes;
}

export const podRules: KindRules = {
  fill(pod) {
    podSpecDefaults(pod.spec);
    if (pod.spec) defaults(pod.spec, { enableServiceLinks: true });
  },
  prepare(pod, services) {
    serviceAccount(pod, services);
    pod['status'] = { phase: 'Pending', qosClass: qosClass(pod['spec']) };
  },
  validate(pod, current) {
    if (!current) return podSpecCauses(pod['spec'], 'spec');
    return equal(frozen(pod['spec']), frozen(current['spec'])) ? [] : [fieldForbidden('spec', updateMessage)];
  },
};

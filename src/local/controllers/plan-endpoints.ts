import { createHash } from 'node:crypto';
import type { EndpointSlice, Pod, Service } from '../../kube/objects.ts';
import { type Plan, isDeleting, keyOf, nameOf, namespaceOf, nothing, ownerReference, sameJson } from './action.ts';
import { isFinished, isReady } from './pods.ts';
import { selects } from './selector.ts';

export const managedBy = 'endpointslice-controller.k8s.io';
const serviceLabel = 'kubernetes.io/service-name';

/** The slice of a service has a name that follows from the service's: a retry finds it. */
export const sliceName = (service: Service): string =>
  `${nameOf(service)}-${createHash('sha256').update(nameOf(service)).digest('hex').slice(0, 5)}`;

/** The number of a service's target port in a pod; a name is looked up among the containers' ports. */
function targetPort(
  port: NonNullable<NonNullable<Service['spec']>['ports']>[number],
  pods: readonly Pod[],
): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === 'number') return target;
  const text = String(target);
  if (/^\d+$/.test(text)) return Number(text);
  for (const pod of pods) {
    const all = (pod.spec?.containers ?? []).flatMap((it) => it.ports ?? []);
    const found = all.find((it) => it.name === text && (it.protocol ?? 'TCP') === (port.protocol ?? 'TCP'));
    if (found) return found.containerPort;
  }
  return undefined;
}

function endpoint(pod: Pod, always: boolean) {
  const terminating = isDeleting(pod);
  return {
    addresses: [pod.status?.podIP ?? ''],
    conditions: { ready: always || (isReady(pod) && !terminating), serving: isReady(pod), terminating },
    ...(pod.spec?.hostname ? { hostname: pod.spec.hostname } : {}),
    ...(pod.spec?.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: { kind: 'Pod', namespace: namespaceOf(pod), name: nameOf(pod), uid: pod.metadata?.uid },
  };
}

/** The endpoints of one service with a selector. */
export function planEndpoints(service: Service, allPods: readonly Pod[], current: EndpointSlice | undefined): Plan {
  const selector = service.spec?.selector;
  if (isDeleting(service) || !selector || Object.keys(selector).length === 0) return nothing;
  const pods = allPods
    .filter(
      (pod) => namespaceOf(pod) === namespaceOf(service) && selects({ matchLabels: selector }, pod.metadata?.labels),
    )
    .filter((pod) => pod.status?.podIP && !isFinished(pod))
    .sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
  const always = service.spec?.publishNotReadyAddresses === true;
  const ports = (service.spec?.ports ?? []).flatMap((port) => {
    const number = targetPort(port, pods);
    return number === undefined ? [] : [{ name: port.name ?? '', port: number, protocol: port.protocol ?? 'TCP' }];
  });
  const wanted = { endpoints: pods.map((pod) => endpoint(pod, always)), ports };
  if (current) {
    if (sameJson({ endpoints: current.endpoints ?? [], ports: current.ports ?? [] }, wanted)) return nothing;
    return { actions: [{ do: 'patch', kind: 'endpointSlices', key: keyOf(current), patch: wanted }] };
  }
  const object = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: sliceName(service),
      namespace: namespaceOf(service),
      labels: {
        ...service.metadata?.labels,
        [serviceLabel]: nameOf(service),
        'endpointslice.kubernetes.io/managed-by': managedBy,
      },
      ownerReferences: [ownerReference(service, 'v1', 'Service')],
    },
    addressType: 'IPv4',
    ...wanted,
  };
  return { actions: [{ do: 'create', kind: 'endpointSlices', object }] };
}

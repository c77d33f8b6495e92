import { ApiError, invalidValue, required, type Cause } from '../model/errors.ts';
import type { Services } from '../call/services.ts';
import type { Loose, Obj } from '../model/types.ts';
import { defaults } from './pod-spec.ts';
import type { KindRules } from './kind-rules.ts';

const lastHost = 16 * 256 - 2;
const firstNodePort = 30_000;
const lastNodePort = 32_767;

/** The host part of a /20 that begins at `<network>.0`. */
function address(network: string, host: number): string {
  const [a, b, c] = network.split('.').map(Number);
  return [a, b, (c ?? 0) + Math.floor(host / 256), host % 256].join('.');
}

const hasAddress = (spec: Loose): boolean => spec.type !== 'ExternalName' && spec.clusterIP !== 'None';

function allocateAddress(service: Obj, services: Services): void {
  const spec: Loose = service['spec'];
  if (!hasAddress(spec)) {
    if (spec.clusterIP === 'None') spec.clusterIPs = ['None'];
    return;
  }
  const taken = new Set(services.store.list('/services').map((other) => other['spec'].clusterIP as string));
  if (spec.clusterIP && taken.has(spec.clusterIP)) {
    throw new ApiError(
      422,
      'Invalid',
      `Service "${service.metadata.name}" is invalid: spec.clusterIPs: Invalid value: ["${spec.clusterIP}"]: failed to allocate IP ${spec.clusterIP}: provided IP is already allocated`,
    );
  }
  // The first addresses are left for those that ask for one (`kubernetes` is .1).
  for (let host = 10; !spec.clusterIP && host < lastHost; host++) {
    const candidate = address(services.serviceNetwork, host);
    if (!taken.has(candidate) && host % 256 !== 0 && host % 256 !== 255) spec.clusterIP = candidate;
  }
  if (!spec.clusterIP) throw new ApiError(500, 'InternalError', 'failed to allocate a serviceIP: range is full');
  spec.clusterIPs = [spec.clusterIP];
}

function allocateNodePorts(service: Obj, services: Services): void {
  if (!['NodePort', 'LoadBalancer'].includes(service['spec'].type)) return;
  const others = services.store.list('/services').filter((other) => other.metadata.uid !== service.metadata.uid);
  const taken = new Set(others.flatMap((other) => (other['spec'].ports ?? []).map((port: Loose) => port.nodePort)));
  let next = firstNodePort;
  for (const port of service['spec'].ports ?? []) {
    while (!port.nodePort && next <= lastNodePort) {
      if (!taken.has(next)) port.nodePort = next;
      next++;
    }
  }
}

export const serviceRules: KindRules = {
  fill({ spec }) {
    if (!spec) return;
    defaults(spec, { type: 'ClusterIP', sessionAffinity: 'None' });
    if (spec.type !== 'ExternalName') {
      defaults(spec, { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack', internalTrafficPolicy: 'Cluster' });
    }
    if (['NodePort', 'LoadBalancer'].includes(spec.type)) {
      defaults(spec, { externalTrafficPolicy: 'Cluster' });
    }
    if (spec.type === 'LoadBalancer') defaults(spec, { allocateLoadBalancerNodePorts: true });
    for (const port of spec.ports ?? []) defaults(port, { protocol: 'TCP', targetPort: port.port });
  },
  prepare(service, services) {
    service['spec'] ??= {};
    allocateAddress(service, services);
    allocateNodePorts(service, services);
    service['status'] = { loadBalancer: {} };
  },
  retain(next, current, services) {
    const [spec, before]: Loose[] = [next['spec'], current['spec']];
    if (!spec || !before) return;
    if (hasAddress(spec) && hasAddress(before)) {
      spec.clusterIP ||= before.clusterIP;
      spec.clusterIPs ??= before.clusterIPs;
    }
    for (const port of spec.ports ?? []) {
      const same = (before.ports ?? []).find((other: Loose) => other.port === port.port && other.name === port.name);
      if (same?.nodePort && spec.type !== 'ClusterIP') port.nodePort ??= same.nodePort;
    }
    allocateNodePorts(next, services);
  },
  validate(service, current) {
    const spec: Loose = service['spec'] ?? {};
    const causes: Cause[] = [];
    const ports = (spec.ports ?? []) as Loose[];
    if (ports.length === 0 && spec.type !== 'ExternalName' && spec.clusterIP !== 'None')
      causes.push(required('spec.ports'));
    ports.forEach((port, index) => {
      if (ports.length > 1 && !port.name) causes.push(required(`spec.ports[${index}].name`));
      if (!(port.port >= 1 && port.port <= 65_535)) {
        causes.push(
          invalidValue(`spec.ports[${index}].port`, port.port ?? 0, 'must be between 1 and 65535, inclusive'),
        );
      }
    });
    const before = current?.['spec'];
    if (before?.clusterIP && spec.type === before.type && spec.clusterIP !== before.clusterIP) {
      causes.push(invalidValue('spec.clusterIPs[0]', spec.clusterIP, 'may not change once set'));
    }
    return causes;
  },
};

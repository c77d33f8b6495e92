import type { Loose } from '../model/types.ts';

/** Sets what is absent. */
export function defaults(target: Loose, values: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(values)) target[key] ??= value;
}

function probe(target: Loose): void {
  if (!target) return;
  defaults(target, { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 });
  if (target.httpGet) defaults(target.httpGet, { path: '/', scheme: 'HTTP' });
  if (target.grpc) defaults(target.grpc, { service: '' });
}

/** `name:latest` or no tag: pulled always, else if absent. */
function pullPolicy(image = ''): string {
  const tag = /:([^/:@]+)$/.exec(image)?.[1];
  return !image.includes('@') && (tag === undefined || tag === 'latest') ? 'Always' : 'IfNotPresent';
}

function container(target: Loose): void {
  defaults(target, {
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: pullPolicy(target.image),
    resources: {},
  });
  for (const port of target.ports ?? []) defaults(port, { protocol: 'TCP' });
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe']) probe(target[name]);
  for (const hook of Object.values<Loose>(target.lifecycle ?? {})) {
    if (hook?.httpGet) defaults(hook.httpGet, { path: '/', scheme: 'HTTP' });
  }
  for (const { valueFrom } of target.env ?? [])
    if (valueFrom?.fieldRef) defaults(valueFrom.fieldRef, { apiVersion: 'v1' });
  const { limits } = target.resources;
  if (limits) {
    const requests = (target.resources.requests ??= {});
    for (const name of Object.keys(limits)) requests[name] ??= limits[name];
  }
}

function downwardItems(items: Loose[] = []): void {
  for (const { fieldRef } of items) if (fieldRef) defaults(fieldRef, { apiVersion: 'v1' });
}

function volume(target: Loose): void {
  if (Object.keys(target).length === 1) target.emptyDir = {};
  for (const kind of ['secret', 'configMap', 'projected', 'downwardAPI']) {
    if (target[kind]) defaults(target[kind], { defaultMode: 0o644 });
  }
  downwardItems(target.downwardAPI?.items);
  for (const source of target.projected?.sources ?? []) {
    if (source.serviceAccountToken) defaults(source.serviceAccountToken, { expirationSeconds: 3600 });
    downwardItems(source.downwardAPI?.items);
  }
  if (target.hostPath) defaults(target.hostPath, { type: '' });
}

/** Defaults of a pod spec, in pods and in templates. */
export function podSpecDefaults(spec: Loose): void {
  if (!spec) return;
  defaults(spec, {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    schedulerName: 'default-scheduler',
    securityContext: {},
  });
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName;
  for (const item of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) container(item);
  for (const item of spec.volumes ?? []) volume(item);
}

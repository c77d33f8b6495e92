import { expect, test } from '@jest/globals';
import { mergedConfiguration, parseConfiguration, refusedSettings, settings } from './config.ts';

const merged = (sources: Partial<Parameters<typeof mergedConfiguration>[0]>) =>
  mergedConfiguration({ env: {}, configMap: {}, secret: {}, ...sources }, 'test');

test('the settings that are listed are those that are read', () => {
  const read = new Set<string>();
  const watched = new Proxy<Record<string, string>>(
    {},
    {
      get: (_, name) => {
        read.add(String(name));
        return undefined;
      },
    },
  );
  parseConfiguration(watched, 'test');
  expect([...read].sort()).toEqual([...settings, ...Object.keys(refusedSettings)].sort());
});

test('the Secret wins over the ConfigMap, which wins over the environment; other variables are nobody’s business', () => {
  const env = { PATH: '/bin', CERTIFICATE_DURATION: '10', EXPIRING_CHECK_THRESHOLD: '3', WATCH_NAMESPACE: 'a' };
  const configMap = { CERTIFICATE_DURATION: '20', EXPIRING_CHECK_THRESHOLD: '4' };
  const secret = { CERTIFICATE_DURATION: '30' };
  expect(merged({ env, configMap, secret })).toMatchObject({
    certificateDays: 30,
    expiringThresholdDays: 4,
    watchNamespaces: ['a'],
  });
});

test.each<[Parameters<typeof merged>[0], string]>([
  [
    { env: { EXPIRING_CHECK_THRESHOLD: '31' } },
    'CERTIFICATE_DURATION: "90" must be at least three times EXPIRING_CHECK_THRESHOLD, which is 31',
  ],
  [{ configMap: { CERTIFICATE_DURATION: '0' } }, 'CERTIFICATE_DURATION: "0" is not a positive whole number'],
  [
    { configMap: { MANAGE_WEBHOOK_CONFIGURATIONS: 'yes' } },
    'MANAGE_WEBHOOK_CONFIGURATIONS: "yes" is neither true nor false',
  ],
  [
    { env: { CLUSTERS_ROLLOUT_DELAY: '60' } },
    'CLUSTERS_ROLLOUT_DELAY: "60" is not supported by this version of Howdah; leave it out, or set it to "0"',
  ],
  [
    { secret: { MONITORING_QUERIES_SECRET: 'mine' } },
    'MONITORING_QUERIES_SECRET: "mine" is not supported by this version of Howdah; leave it out',
  ],
  [
    { configMap: { WATCH_NAMESPACES: 'a' } },
    'ConfigMap cnpg-controller-manager-config: there is no setting "WATCH_NAMESPACES"; there are CERTIFICATE_DURATION, ',
  ],
  [{ secret: { X: 'a' } }, 'Secret cnpg-controller-manager-config: there is no setting "X"; there are '],
])('%j is refused', (sources, message) => {
  expect(() => merged(sources)).toThrow(message);
});

test('a setting that is not supported may stand there with the value that asks for nothing', () => {
  expect(() => merged({ configMap: { ...refusedSettings } })).not.toThrow();
  expect(() => merged({ configMap: { PULL_SECRET_NAME: '' } })).not.toThrow();
});

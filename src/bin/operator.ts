import { parseArgs } from 'node:util';
import { createKubeClient } from '../kube/client.ts';
import { leaderRetryMs, type LeaderTimes } from '../kube/leader.ts';
import { inClusterConnection, type KubeConnection } from '../kube/connection.ts';
import { kubeconfigConnection } from '../kube/kubeconfig.ts';
import { readConfiguration } from '../operator/config.ts';
import { messageOf } from '../operator/errors.ts';
import { runOperator } from '../operator/runtime/run.ts';
import { createJsonLogger } from '../util/logger.ts';

const usage = `usage: howdah operator [--kubeconfig FILE] [--leader-elect=false] [--max-concurrent-reconciles=10] [--log-level=info]
                      [--leader-lease-duration=15] [--leader-renew-deadline=10|none] [--log-field-level=level] [--log-field-timestamp=ts]

Inside a pod the service account is used; outside, --kubeconfig or KUBECONFIG.
`;

const version = '0.1.0';

function connect(kubeconfig: string | undefined): KubeConnection {
  const file = kubeconfig ?? process.env['KUBECONFIG'];
  if (file !== undefined && file !== '') return kubeconfigConnection(file);
  return inClusterConnection(process.env['HOWDAH_ROOT'] ?? '');
}

const options = {
  kubeconfig: { type: 'string' },
  'leader-elect': { type: 'string', default: 'true' },
  'leader-lease-duration': { type: 'string', default: '15' },
  'leader-renew-deadline': { type: 'string', default: '10' },
  'max-concurrent-reconciles': { type: 'string', default: '10' },
  'log-level': { type: 'string', default: 'info' },
  'log-field-level': { type: 'string' },
  'log-field-timestamp': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

const seconds = (name: string, value: string): number => {
  if (!/^[1-9]\d{0,4}$/.test(value)) throw new Error(`--${name}=${value}: it must be a number of seconds, at least 1`);
  return Number(value) * 1000;
};

const levels = ['error', 'warning', 'info', 'debug', 'trace'];

function check(name: 'leader-elect' | 'log-level', value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) throw new Error(`--${name}=${value}: it must be one of ${allowed.join(', ')}`);
}

function workerCount(value: string): number {
  if (/^[1-9]\d{0,3}$/.test(value)) return Number(value);
  throw new Error(`--max-concurrent-reconciles=${value}: it must be a number from 1 to 9999`);
}

/** How long others wait for a leader that is silent, and how long it tries to renew before it gives up by itself; milliseconds. */
function leaderTimes(duration: string, deadline: string): LeaderTimes {
  const leaseDurationMs = seconds('leader-lease-duration', duration);
  if (deadline === 'none') return { leaseDurationMs, renewDeadlineMs: Infinity };
  const [least, most] = [leaderRetryMs / 1000 + 1, leaseDurationMs / 1000 - 1];
  const renewDeadlineMs = seconds('leader-renew-deadline', deadline);
  if (Number(deadline) >= least && Number(deadline) <= most) return { leaseDurationMs, renewDeadlineMs };
  throw new Error(
    `--leader-renew-deadline=${deadline}: it must be from ${least} to ${most}, a second below --leader-lease-duration=${duration}, or none`,
  );
}

function parse(args: string[]) {
  const { values } = parseArgs({ args, options });
  check('leader-elect', values['leader-elect'], ['true', 'false']);
  check('log-level', values['log-level'], levels);
  const times = leaderTimes(values['leader-lease-duration'], values['leader-renew-deadline']);
  return { values, times, workers: workerCount(values['max-concurrent-reconciles']) };
}

export async function main(args: string[]): Promise<number> {
  let parsed;
  try {
    parsed = parse(args);
  } catch (error) {
    process.stderr.write(`howdah operator: ${messageOf(error)}\n${usage}`);
    return 2;
  }
  const { values, times, workers } = parsed;
  if (values.help === true) {
    process.stdout.write(usage);
    return 0;
  }
  const log = createJsonLogger({
    level: values['log-level'],
    base: { logger: 'operator', logging_pod: process.env['POD_NAME'] ?? '' },
    levelField: values['log-field-level'],
    timestampField: values['log-field-timestamp'],
  });
  const stop = new AbortController();
  const onSignal = (name: NodeJS.Signals): void => {
    log.info({ signal: name }, 'stopping');
    stop.abort();
  };
  process.once('SIGTERM', onSignal).once('SIGINT', onSignal);
  try {
    const connection = connect(values.kubeconfig);
    await using api = createKubeClient(connection);
    const configuration = await readConfiguration(api, process.env, version, stop.signal);
    await runOperator(
      {
        connection,
        configuration,
        log,
        leaderElection: values['leader-elect'] === 'false' ? undefined : times,
        workers,
      },
      stop.signal,
    );
    return 0;
  } catch (error) {
    if (stop.signal.aborted) return 0;
    log.fatal({ error: messageOf(error) }, 'the operator cannot run');
    return 1;
  } finally {
    process.removeListener('SIGTERM', onSignal).removeListener('SIGINT', onSignal);
  }
}

// `npm run demo`: the whole story on the embedded engine, or on any Kubernetes with `-- --kubeconfig FILE`.
import { parseArgs } from 'node:util';
import { type Platform, localPlatform, remotePlatform } from '../support/platform.ts';
import { connectionConfig } from '../support/sql.ts';
import { resource } from '../../src/kube/resource-types.ts';
import { Narrator, table } from './narrator.ts';
import { play } from './story.ts';

const { values: options } = parseArgs({
  options: {
    keep: { type: 'boolean', default: false },
    kubeconfig: { type: 'string' },
    image: { type: 'string', default: 'ghcr.io/cloudnative-pg/postgresql:18' },
    's3-endpoint': { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const usage = `usage: npm run demo [-- OPTIONS]
  --keep                keep the platform (or the namespace) running and say how to use it
  --kubeconfig FILE     play on this Kubernetes, where the operator is installed; needs:
  --s3-endpoint URL       an S3 store that its pods and this machine reach;
                          credentials from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
  --image NAME          PostgreSQL image on that Kubernetes (default ${options.image})
`;

async function howToUse(platform: Platform, namespace: string): Promise<string> {
  const { host, port, user, password, database } = await connectionConfig(platform.api, {
    namespace,
    cluster: 'cluster-example',
    to: 'rw',
  });
  const local =
    'data' in platform ? `\n  npm run howdah -- local reset --data ${String(platform.data)}    # the end` : '';
  return `
The platform is running. Try:
  export KUBECONFIG=${platform.kubeconfig}
  kubectl -n ${namespace} get clusters,pods,backups
  psql 'host=${host} port=${port} dbname=${database} user=${user} password=${String(password)} sslmode=require'${local}
`;
}

async function main(): Promise<void> {
  const narrator = new Narrator();
  const start = performance.now();
  const namespace = options.kubeconfig === undefined ? 'demo' : `demo-${Date.now().toString(36)}`;
  const platform = options.kubeconfig
    ? remotePlatform({ ...options, kubeconfig: options.kubeconfig })
    : await narrator.step('platform: API server, object store, three nodes, operator', () =>
        localPlatform({ keep: options.keep }),
      );
  // Ctrl-C ends the story like an error does: what was started is stopped.
  const interrupted = Promise.withResolvers<never>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => interrupted.reject(new Error(`ended by ${signal}`)));
  }
  let kept = false;
  try {
    await Promise.race([play(platform, namespace, narrator), interrupted.promise]);
    narrator.timings.push({ what: 'all', seconds: (performance.now() - start) / 1000 });
    narrator.say(`\n${table(narrator.timings.map(({ what, seconds }) => [what, `${seconds.toFixed(1)} s`]))}\n`);
    if (options.keep) narrator.say(await howToUse(platform, namespace));
    kept = options.keep;
  } finally {
    if (!kept && platform.engine === 'kubernetes') {
      await platform.api.delete(resource.namespaces, { name: namespace });
    }
    await platform[Symbol.asyncDispose]();
  }
}

if (options.help) {
  process.stdout.write(usage);
} else {
  await main().catch((error: unknown) => {
    process.stderr.write(`\ndemo failed: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}

import type { InstanceContext } from '../context/context.ts';
import type { InstanceView } from '../world/view.ts';
import { Collector, managerMetrics } from './collector.ts';
import { renderExposition, type Metric } from './exposition.ts';

/** Milliseconds for which what was asked of the server is told again (reference §2.30). */
const lifetime = 30_000;

/** The metrics of an instance as text. The server is asked at most once in `lifetime`, by one request at a time. */
export function metricsRenderer(context: InstanceContext, view: () => InstanceView | undefined): () => Promise<string> {
  const collector = new Collector(context);
  let collected: { metrics: Metric[]; at: number; pid: number | undefined } | undefined;
  let collecting: Promise<Metric[]> | undefined;
  const fromServer = async (current: InstanceView): Promise<Metric[]> => {
    const { pid } = current.postmaster;
    if (collected && collected.pid === pid && performance.now() - collected.at < lifetime) return collected.metrics;
    collecting ??= collector.collect(current).finally(() => (collecting = undefined));
    const metrics = await collecting;
    collected = { metrics, at: performance.now(), pid };
    return metrics;
  };
  return async () => {
    const current = view();
    const server = current?.postmaster.state === 'up' && current.server ? await fromServer(current) : [];
    return renderExposition([...(await managerMetrics(context, current)), ...server]);
  };
}

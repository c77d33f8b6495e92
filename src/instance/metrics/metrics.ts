import type { InstanceContext } from '../context.ts';
import type { InstanceView } from '../view.ts';

/** The exposition of an instance's metrics in Prometheus' text format. */
export async function renderMetrics(context: InstanceContext, view: InstanceView | undefined): Promise<string> {
  const up = view?.postmaster.state === 'up' ? 1 : 0;
  return `# TYPE cnpg_collector_up gauge\ncnpg_collector_up{cluster="${context.environment.clusterName}"} ${up}\n`;
}

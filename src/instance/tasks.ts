import { setTimeout as delay } from 'node:timers/promises';
import type { InstanceContext } from './context/context.ts';
import { reconcileRoles } from './roles/reconcile.ts';
import { ensureExtensions } from './extensions/reconcile.ts';
import { verifyDrill } from './drill/task.ts';
import { reconcileSlots } from './slots/reconcile.ts';
import { reconcileTablespaces } from './tablespaces/reconcile.ts';
import type { InstanceView } from './world/view.ts';

interface Task {
  readonly name: string;
  readonly everyMs: number;
  run(view: InstanceView): Promise<void>;
}

/** Work beside the loop: what it does can be late or fail without the role of the instance being touched. */
async function repeat(
  task: Task,
  context: InstanceContext,
  view: () => InstanceView | undefined,
  signal: AbortSignal,
): Promise<void> {
  let said = '';
  while (!signal.aborted) {
    const current = view();
    if (current?.postmaster.state === 'up' && current.server) {
      try {
        await task.run(current);
        said = '';
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        if (message !== said && !signal.aborted)
          context.log.warn({ err: error, task: task.name }, 'A task failed and is tried again');
        said = message;
      }
    }
    await delay(task.everyMs, undefined, { signal }).catch(() => undefined);
  }
}

export async function runTasks(
  context: InstanceContext,
  view: () => InstanceView | undefined,
  signal: AbortSignal,
): Promise<void> {
  const roles = reconcileRoles(context);
  const tasks: Task[] = [
    { name: 'roles', everyMs: 250, run: roles },
    { name: 'slots', everyMs: 1000, run: reconcileSlots(context) },
    { name: 'tablespaces', everyMs: 1000, run: reconcileTablespaces(context) },
    { name: 'drill', everyMs: 1000, run: verifyDrill(context, signal) },
    { name: 'extensions', everyMs: 5000, run: ensureExtensions(context) },
  ];
  await Promise.all(tasks.map((task) => repeat(task, context, view, signal)));
}

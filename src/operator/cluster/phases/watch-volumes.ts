import { describeVolumes, type VolumeWarning } from '../decide/disk-space.ts';
import { conditionReason, conditionType, eventReason } from '../phase-names.ts';
import { goOn, type PhaseResult } from '../result.ts';
import type { ObservedScope } from '../scope.ts';
import { members } from '../world.ts';

/** Says which volumes will be full soon. Nothing waits for it. */
export function watchVolumes({ world, report, emit }: ObservedScope): Promise<PhaseResult> {
  const answers = members(world).flatMap(({ name, answer }) =>
    answer?.ok === true && answer.status.volumes ? [{ name, volumes: answer.status.volumes }] : [],
  );
  if (answers.length === 0) return Promise.resolve(goOn);
  const low = answers.flatMap(({ name, volumes }): VolumeWarning[] =>
    volumes.filter((volume) => volume.low === true).map((volume) => ({ instance: name, volume })),
  );
  const before = report.conditions.get(conditionType.diskSpace);
  if (low.length === 0) {
    report.condition({
      type: conditionType.diskSpace,
      status: 'True',
      reason: conditionReason.enoughSpace,
      message: 'No volume is nearly full or will be full within the hour.',
    });
    return Promise.resolve(goOn);
  }
  const message = describeVolumes(low);
  if (before?.status !== 'False' || before.message !== message) {
    emit({ type: 'Warning', reason: eventReason.volumeFilling, message });
  }
  const nearlyFull = low.some(({ volume }) => volume.rule === 'nearly-full');
  report.condition({
    type: conditionType.diskSpace,
    status: 'False',
    reason: nearlyFull ? conditionReason.nearlyFull : conditionReason.fillsSoon,
    message,
  });
  return Promise.resolve(goOn);
}

import type { Obj } from '../model/types.ts';

// One event, two versions: core/v1 is what is stored, events.k8s.io/v1 is a view of it.

export function eventFromCore(core: Obj): Obj {
  const { involvedObject, reportingComponent, message, source, firstTimestamp, lastTimestamp, count, ...rest } = core;
  return {
    ...rest,
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: core.metadata,
    regarding: involvedObject,
    reportingController: reportingComponent,
    note: message,
    deprecatedSource: source,
    deprecatedFirstTimestamp: firstTimestamp,
    deprecatedLastTimestamp: lastTimestamp,
    deprecatedCount: count,
  };
}

export function eventToCore(event: Obj): Obj {
  const {
    regarding,
    reportingController,
    note,
    deprecatedSource,
    deprecatedFirstTimestamp,
    deprecatedLastTimestamp,
    deprecatedCount,
    ...rest
  } = event;
  const core: Obj = {
    ...rest,
    apiVersion: 'v1',
    kind: 'Event',
    metadata: event.metadata,
    involvedObject: regarding ?? {},
    reportingComponent: reportingController ?? '',
    message: note,
    source: deprecatedSource ?? {},
    firstTimestamp: deprecatedFirstTimestamp ?? null,
    lastTimestamp: deprecatedLastTimestamp ?? null,
    count: deprecatedCount,
  };
  return JSON.parse(JSON.stringify(core)) as Obj;
}

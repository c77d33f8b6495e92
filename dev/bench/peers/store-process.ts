// The store in a process of its own, as it is for every backup program that is measured against it.
import { openObjectStore } from '../../../src/local/objectstore/run.ts';
import type { ObjectStoreOptions } from '../../../src/local/objectstore/run.ts';

process.once('message', (options: ObjectStoreOptions) => {
  void openObjectStore(options).then(({ endpoint }) => process.send?.(endpoint));
});
process.once('disconnect', () => process.exit(0));

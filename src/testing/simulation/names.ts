/** The one cluster of every run. */
export const clusterName = 'sim';
export const namespace = 'default';
export const clusterKey = { namespace, name: clusterName };

/** Where the operator runs: the name of its pod. */
export const isOperator = (home: string | undefined): boolean => home?.startsWith('operator-') ?? false;

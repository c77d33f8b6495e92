/** The environment of the platform's processes: the caller's, without what belongs to the caller's own npm, Node or cluster. */
export function childEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const foreign = /^(npm_|NODE_|KUBECONFIG$|KUBERNETES_|HOWDAH_|PG)/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !foreign.test(name)));
}

// The arrows of docs/architecture.md: bin → operator | instance | pooler | kubectl | local → kube | objectstore | resources | pki
// → state-machines | postgres | api | naming → util. A test counts the modules, since an empty cruise also exits 0.
const pure = '^(state-machines|src/(postgres|api|resources|naming|labels|paths))';
const parts = ['operator', 'instance', 'pooler', 'kubectl', 'local'];
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'state-machines-are-pure',
      severity: 'error',
      from: { path: '^state-machines', pathNot: '\\.test\\.ts$|^state-machines/(simulation|model)' },
      to: { pathNot: '^state-machines|node_modules/xstate' },
    },
    {
      name: 'pure-modules-do-no-io',
      severity: 'error',
      from: { path: '^src/(postgres|api|resources|naming|labels|paths)', pathNot: '\\.test\\.ts$|/testing' },
      to: {
        path: '^src/(kube|objectstore|pki|operator|instance|pooler|kubectl|local|bin)|^(node:)?(fs|net|http|https|child_process)',
        pathNot: '^src/kube/(types|resource-types|objects)\\.ts',
      },
    },
    ...parts.map((part) => ({
      name: `${part}-stands-alone`,
      severity: 'error',
      from: { path: `^src/${part}/`, pathNot: '\\.test\\.ts$|/testing' },
      to: { path: `^src/(bin|${parts.filter((p) => p !== part).join('|')})/` },
    })),
    {
      name: 'libraries-know-no-part',
      severity: 'error',
      from: { path: '^src/(kube|objectstore|pki|util|postgres|api|resources)/', pathNot: '\\.test\\.ts$|/testing' },
      to: { path: `^src/(bin|${parts.join('|')})/` },
    },
    {
      name: 'util-knows-nothing',
      severity: 'error',
      from: { path: '^src/util/', pathNot: '\\.test\\.ts$|/testing' },
      to: { path: '^src/(?!util/)|^state-machines' },
    },
    {
      name: 'the-instance-manager-stays-light',
      severity: 'error',
      from: { path: '^src/(instance|bin/instance)', pathNot: '\\.test\\.ts$|/testing' },
      to: { path: 'node_modules/@kubernetes/client-node', dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|e2e/kube)' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.mjs', '.js'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
};

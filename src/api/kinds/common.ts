// Types that several kinds share.
import {
  choice,
  flag,
  integer,
  list,
  object,
  quantity,
  required,
  text,
  textMap,
  texts,
  time,
} from '../schema/schema.ts';
import { kubernetes } from '../schema/schema.ts';

export const localObjectReference = object('LocalObjectReference', 'An object of the same namespace, by name.', {
  name: required(text('Name of the object.')),
});

export const secretKeySelector = object('SecretKeySelector', 'A key of a Secret of the same namespace.', {
  name: required(text('Name of the Secret.')),
  key: required(text('Key within the Secret.')),
});

export const configMapKeySelector = object('ConfigMapKeySelector', 'A key of a ConfigMap of the same namespace.', {
  name: required(text('Name of the ConfigMap.')),
  key: required(text('Key within the ConfigMap.')),
});

export const metadata = object('Metadata', 'Metadata of the objects made from this template.', {
  name: text('Name of the object.'),
  labels: textMap('Labels of the object.'),
  annotations: textMap('Annotations of the object.'),
});

export const serviceTemplate = object('ServiceTemplateSpec', 'Template of a Service.', {
  metadata,
  spec: kubernetes('V1ServiceSpec', 'Specification of the Service; the selector is always ours.'),
});

export const backupMethod = choice(['barmanObjectStore', 'volumeSnapshot', 'plugin'], 'How the backup is taken.', {
  default: 'barmanObjectStore',
});

export const backupTarget = choice(
  ['primary', 'prefer-standby'],
  'The instance that the backup is taken from: the primary, or the most advanced standby when there is one.',
);

export const onlineConfiguration = object(
  'OnlineConfiguration',
  'How a backup of a running instance is begun and ended.',
  {
    waitForArchive: flag('The backup is complete only when its last WAL segment is archived.', { default: true }),
    immediateCheckpoint: flag('Begins with an immediate checkpoint rather than a spread one.'),
  },
);

export const backupPluginConfiguration = object(
  'BackupPluginConfiguration',
  'The plugin that takes the backup, when method is plugin.',
  {
    name: required(text('Name of the plugin.')),
    parameters: textMap('Parameters that are passed to the plugin for this backup.'),
  },
);

export const pluginConfiguration = object('PluginConfiguration', 'A plugin and its parameters.', {
  name: required(text('Name of the plugin.')),
  enabled: flag('The plugin is used.', { default: true }),
  isWALArchiver: flag('This plugin archives WAL; at most one may.', { default: false }),
  parameters: textMap('Parameters that are passed to the plugin.'),
});

export const condition = object('Condition', 'An observation of the state of the object.', {
  type: required(text('Type of the condition, in CamelCase.', { maxLength: 316 })),
  status: required(choice(['True', 'False', 'Unknown'], 'Whether the condition holds.')),
  observedGeneration: integer('The generation of the object that this was observed on.', {
    format: 'int64',
    minimum: 0,
  }),
  lastTransitionTime: required(time('When status last changed.')),
  reason: required(text('Why status last changed, one CamelCase word.', { minLength: 1, maxLength: 1024 })),
  message: required(text('The same, for people.', { maxLength: 32768 })),
});

export const conditions = list(condition, 'Observations of the state of the object.', { keys: ['type'] });

const relabelConfig = object('RelabelConfig', 'A relabelling step of Prometheus.', {
  sourceLabels: texts('Labels whose values are joined and matched.'),
  separator: text('What joins the values.'),
  targetLabel: text('Label that the result is written to.'),
  regex: text('Regular expression that the joined values are matched against.'),
  modulus: integer('Modulus of the hash of the joined values.', { format: 'int64' }),
  replacement: text('What a match is replaced with.'),
  action: text('What is done with a match.', { default: 'replace' }),
});

export const relabelConfigs = (description: string): ReturnType<typeof list> =>
  list(relabelConfig, description, { deprecated: true });

export const metricsTls = object('MetricsTLS', 'TLS of the metrics endpoint.', {
  enabled: flag('The metrics endpoint speaks TLS.', { default: false }),
});

export const extensionConfiguration = object(
  'ExtensionConfiguration',
  'A PostgreSQL extension that is an image volume.',
  {
    name: required(
      text('Name of the extension; the image is mounted at /extensions/NAME.', {
        pattern: '^[a-z0-9]([-a-z0-9_]*[a-z0-9])?$',
        minLength: 1,
        maxLength: 59,
      }),
    ),
    image: kubernetes('V1ImageVolumeSource', 'The image that holds the extension.'),
    extension_control_path: texts('Directories within the image for extension_control_path; default: share.'),
    dynamic_library_path: texts('Directories within the image for dynamic_library_path; default: lib.'),
    ld_library_path: texts('Directories within the image for LD_LIBRARY_PATH.'),
    bin_path: texts('Directories within the image for PATH.'),
    env: list(
      object('ExtensionEnvVar', 'An environment variable.', {
        name: required(text('Name of the variable.', { minLength: 1 })),
        value: required(text('Value; ${image_root} stands for the directory where the image is mounted.')),
      }),
      'Environment variables that the extension needs.',
      { keys: ['name'] },
    ),
  },
);

export const storageConfiguration = object('StorageConfiguration', 'Storage of a volume.', {
  storageClass: text('Storage class of the claim; default: that of the Kubernetes cluster.'),
  size: text('Size of the volume, a quantity; it may grow but not shrink.'),
  resizeInUseVolumes: flag('Volumes grow in place when size does.', { default: true }),
  pvcTemplate: kubernetes('V1PersistentVolumeClaimSpec', 'Template of the claim.'),
});

export const maximumLag = quantity('Lag, in bytes of WAL, up to which a replica counts as streaming.');

/** Of what is created with a locale: the bootstrap's database, a Database. */
export const localeRules = [
  {
    rule: "!has(self.builtinLocale) || (has(self.localeProvider) && self.localeProvider == 'builtin')",
    message: 'builtinLocale is only available when localeProvider is set to `builtin`',
  },
  {
    rule: "!has(self.icuLocale) || (has(self.localeProvider) && self.localeProvider == 'icu')",
    message: 'icuLocale is only available when localeProvider is set to `icu`',
  },
  {
    rule: "!has(self.icuRules) || (has(self.localeProvider) && self.localeProvider == 'icu')",
    message: 'icuRules is only available when localeProvider is set to `icu`',
  },
];

/** Of a reference to an image catalog. */
export const catalogRules = [
  {
    rule: "self.kind == 'ImageCatalog' || self.kind == 'ClusterImageCatalog'",
    message: 'imageCatalogRef.kind must be ImageCatalog or ClusterImageCatalog',
  },
  {
    rule: "has(self.apiGroup) && self.apiGroup == 'postgresql.cnpg.io'",
    message: 'imageCatalogRef.apiGroup must be postgresql.cnpg.io',
  },
];

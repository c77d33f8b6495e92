/** The Kubernetes types that fields of our kinds have, by the name of their TypeScript type in @kubernetes/client-node. */
export const embeddedTypes = {
  V1DeploymentStrategy: 'io.k8s.api.apps.v1.DeploymentStrategy',
  V1EnvFromSource: 'io.k8s.api.core.v1.EnvFromSource',
  V1EnvVar: 'io.k8s.api.core.v1.EnvVar',
  V1EphemeralVolumeSource: 'io.k8s.api.core.v1.EphemeralVolumeSource',
  V1ImageVolumeSource: 'io.k8s.api.core.v1.ImageVolumeSource',
  V1LabelSelector: 'io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector',
  V1NodeAffinity: 'io.k8s.api.core.v1.NodeAffinity',
  V1PersistentVolumeClaimSpec: 'io.k8s.api.core.v1.PersistentVolumeClaimSpec',
  V1PodAffinity: 'io.k8s.api.core.v1.PodAffinity',
  V1PodAntiAffinity: 'io.k8s.api.core.v1.PodAntiAffinity',
  V1PodSecurityContext: 'io.k8s.api.core.v1.PodSecurityContext',
  V1PodSpec: 'io.k8s.api.core.v1.PodSpec',
  V1ProjectedVolumeSource: 'io.k8s.api.core.v1.ProjectedVolumeSource',
  V1ResourceRequirements: 'io.k8s.api.core.v1.ResourceRequirements',
  V1SeccompProfile: 'io.k8s.api.core.v1.SeccompProfile',
  V1SecurityContext: 'io.k8s.api.core.v1.SecurityContext',
  V1ServiceSpec: 'io.k8s.api.core.v1.ServiceSpec',
  V1Toleration: 'io.k8s.api.core.v1.Toleration',
  V1TopologySpreadConstraint: 'io.k8s.api.core.v1.TopologySpreadConstraint',
} as const;

export type EmbeddedType = keyof typeof embeddedTypes;

// The built-in kinds as they travel: like @kubernetes/client-node's types, but with times as the RFC 3339 strings that they are.
import type * as k8s from '@kubernetes/client-node';

/** `T` with every Date as a string, at any depth. */
export type Wire<T> = T extends Date
  ? string
  : T extends (infer Item)[]
    ? Wire<Item>[]
    : T extends object
      ? { [Key in keyof T]: Wire<T[Key]> }
      : T;

export type Pod = Wire<k8s.V1Pod>;
export type PodSpec = Wire<k8s.V1PodSpec>;
export type Container = Wire<k8s.V1Container>;
export type Volume = Wire<k8s.V1Volume>;
export type Service = Wire<k8s.V1Service>;
export type Secret = Wire<k8s.V1Secret>;
export type ConfigMap = Wire<k8s.V1ConfigMap>;
export type PersistentVolumeClaim = Wire<k8s.V1PersistentVolumeClaim>;
export type PersistentVolume = Wire<k8s.V1PersistentVolume>;
export type StorageClass = Wire<k8s.V1StorageClass>;
export type ServiceAccount = Wire<k8s.V1ServiceAccount>;
export type CoreEvent = Wire<k8s.CoreV1Event>;
export type Node = Wire<k8s.V1Node>;
export type Namespace = Wire<k8s.V1Namespace>;
export type Job = Wire<k8s.V1Job>;
export type Deployment = Wire<k8s.V1Deployment>;
export type ReplicaSet = Wire<k8s.V1ReplicaSet>;
export type Role = Wire<k8s.V1Role>;
export type RoleBinding = Wire<k8s.V1RoleBinding>;
export type PolicyRule = Wire<k8s.V1PolicyRule>;
export type Lease = Wire<k8s.V1Lease>;
export type PodDisruptionBudget = Wire<k8s.V1PodDisruptionBudget>;
export type EndpointSlice = Wire<k8s.V1EndpointSlice>;

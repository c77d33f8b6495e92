/** What is to be done now, as data. `rule` is the row that decided: it is in the log and in conditions, and never renamed. */
export type InstanceAction =
  | { readonly type: 'stay'; readonly rule: string }
  | { readonly type: 'start'; readonly rule: string; readonly as: 'primary' | 'standby' }
  | {
      readonly type: 'stop';
      readonly rule: string;
      readonly why: 'termination' | 'fencing' | 'demotion' | 'restart' | 'foreign' | 'diverged';
    }
  | { readonly type: 'reload'; readonly rule: string }
  | { readonly type: 'become-standby'; readonly rule: string }
  | { readonly type: 'rebuild'; readonly rule: string }
  | { readonly type: 'end'; readonly rule: string };

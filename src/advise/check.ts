/** One step of the overview article's troubleshooting list. */
export interface Check {
  readonly check:
    | 'provider'
    | 'enabled'
    | 'target'
    | 'account'
    | 'region'
    | 'firewall'
    | 'key'
    | 'blobs'
    | 'tags'
    | 'address'
    | 'settling';
  readonly state: 'ok' | 'wrong' | 'unknown';
  readonly finding: string;
}

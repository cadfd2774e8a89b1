/** One step of the troubleshooting list in the overview article. */
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
    | 'settling'
    | 'files';
  readonly state: 'ok' | 'wrong' | 'unknown';
  readonly finding: string;
}

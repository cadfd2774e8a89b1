/**
 * The scope of a deployment, or of a resource without an id: the results of `subscription()`, `resourceGroup()` and
 * `deployment()`.
 */
export interface Scope {
  readonly subscriptionId: string;
  readonly tenantId: string;
  readonly resourceGroup: string;
  /** Region in Azure's short form, such as `westeurope`. */
  readonly location: string;
  readonly deployment: string;
}

/** Default names. Source: DESIGN section 5, "What has no name gets one". */
export const defaultScope: Scope = {
  subscriptionId: '00000000-0000-0000-0000-000000000000',
  tenantId: '00000000-0000-0000-0000-000000000000',
  resourceGroup: 'NSGFLOW',
  location: 'local',
  deployment: 'NSGFLOW',
};

/**
 * Where a template is deployed, or a resource without an id lies: what `subscription()`, `resourceGroup()` and `deployment()` answer.
 */
export interface Scope {
  readonly subscriptionId: string;
  readonly tenantId: string;
  readonly resourceGroup: string;
  /** Region in Azure's short spelling, such as `westeurope`. */
  readonly location: string;
  readonly deployment: string;
}

/** The names of what has none. Source: DESIGN section 5, "What has no name gets one". */
export const defaultScope: Scope = {
  subscriptionId: '00000000-0000-0000-0000-000000000000',
  tenantId: '00000000-0000-0000-0000-000000000000',
  resourceGroup: 'NSGFLOW',
  location: 'local',
  deployment: 'NSGFLOW',
};

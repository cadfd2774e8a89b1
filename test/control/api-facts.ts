/**
 * Statuses that Azure's descriptions of its API list, by path and method: SDKs take no other ones. A path is written as in `openapi/arm.json`, with
 * `…` for a resource group's `providers`. What is ours alone is marked so.
 * Source: azure-rest-api-specs, networkWatcher.json 2019-07-01 and 2024-05-01; networkSecurityGroup.json, virtualNetwork.json, networkInterface.json,
 * applicationSecurityGroup.json, publicIpAddress.json, loadBalancer.json, routeTable.json, serviceTags.json 2023-05-01; storage.json, blob.json, file.json, managementpolicy.json 2023-01-01; compute.json 2023-03-01; resources.json, deployments.json,
 * subscriptions.json 2021-04-01 and later; workspaces.json 2022-10-01.
 */
export type Method = 'get' | 'head' | 'put' | 'patch' | 'post' | 'delete';

/** `long`: an answer that is not the last one has a `Location` or an `Azure-AsyncOperation`. */
export interface OperationFact {
  readonly statuses: readonly number[];
  readonly long?: true;
}

const read: OperationFact = { statuses: [200] };
const exists: OperationFact = { statuses: [204, 404] };
const patched: OperationFact = { statuses: [200] };
const madeLong: OperationFact = { statuses: [200, 201], long: true };
const made: OperationFact = { statuses: [200, 201] };
const removedLong: OperationFact = { statuses: [200, 202, 204], long: true };
const action: OperationFact = { statuses: [200] };
const actionLong: OperationFact = { statuses: [200, 202], long: true };

/** A resource whose PUT and DELETE are long operations, and its lists. */
function networkResource(list: string, item: string): [string, Partial<Record<Method, OperationFact>>][] {
  return [
    [`…/Microsoft.Network/${list}`, { get: read }],
    [`/subscriptions/{subscriptionId}/providers/Microsoft.Network/${list}`, { get: read }],
    [
      `…/Microsoft.Network/${list}/{${item}}`,
      { get: read, head: exists, put: madeLong, patch: patched, delete: removedLong },
    ],
  ];
}

function networkPart(list: string, item: string): [string, Partial<Record<Method, OperationFact>>][] {
  return [
    [`…/Microsoft.Network/${list}`, { get: read }],
    [`…/Microsoft.Network/${list}/{${item}}`, { get: read, put: madeLong, delete: removedLong }],
  ];
}

const subscription = '/subscriptions/{subscriptionId}';
const watcher = '…/Microsoft.Network/networkWatchers/{networkWatcherName}';
const account = '…/Microsoft.Storage/storageAccounts/{storageAccountName}';
const nsg = 'networkSecurityGroups/{networkSecurityGroupName}';
const deployment = '…/Microsoft.Resources/deployments/{deploymentName}';

export const apiFacts: ReadonlyMap<string, Partial<Record<Method, OperationFact>>> = new Map([
  ['/tenants', { get: read }],
  ['/subscriptions', { get: read }],
  [subscription, { get: read }],
  [`${subscription}/locations`, { get: read }],
  [`${subscription}/resources`, { get: read }],
  [`${subscription}/providers`, { get: read }],
  [`${subscription}/providers/{namespace}`, { get: read }],
  [`${subscription}/providers/{namespace}/register`, { post: action }],
  [`${subscription}/providers/{namespace}/unregister`, { post: action }],
  [`${subscription}/providers/Microsoft.Network/locations/{location}/serviceTags`, { get: read }],
  // Where operations are polled; Azure's clients follow the headers.
  [`${subscription}/providers/Microsoft.Network/locations/{location}/operations/{operationId}`, { get: read }],
  [
    `${subscription}/providers/Microsoft.Network/locations/{location}/operationResults/{operationId}`,
    { get: { statuses: [200, 202, 204] } },
  ],
  [`${subscription}/providers/Microsoft.Storage/checkNameAvailability`, { post: action }],
  [`${subscription}/resourceGroups`, { get: read }],
  [
    `${subscription}/resourceGroups/{resourceGroupName}`,
    { get: read, head: exists, put: made, patch: patched, delete: { statuses: [200, 202], long: true } },
  ],
  [`${subscription}/resourceGroups/{resourceGroupName}/resources`, { get: read }],
  ...networkResource('networkSecurityGroups', 'networkSecurityGroupName'),
  ...networkPart(`${nsg}/securityRules`, 'securityRuleName'),
  [`…/Microsoft.Network/${nsg}/defaultSecurityRules`, { get: read }],
  [`…/Microsoft.Network/${nsg}/defaultSecurityRules/{defaultSecurityRuleName}`, { get: read }],
  ...networkResource('virtualNetworks', 'virtualNetworkName'),
  ...networkPart('virtualNetworks/{virtualNetworkName}/subnets', 'subnetName'),
  ...networkPart('virtualNetworks/{virtualNetworkName}/virtualNetworkPeerings', 'virtualNetworkPeeringName'),
  ...networkResource('networkInterfaces', 'networkInterfaceName'),
  ['…/Microsoft.Network/networkInterfaces/{networkInterfaceName}/effectiveNetworkSecurityGroups', { post: actionLong }],
  ...networkResource('applicationSecurityGroups', 'applicationSecurityGroupName'),
  ...networkResource('publicIPAddresses', 'publicIPAddressName'),
  ['…/Microsoft.Compute/virtualMachines', { get: read }],
  [`${subscription}/providers/Microsoft.Compute/virtualMachines`, { get: read }],
  [
    '…/Microsoft.Compute/virtualMachines/{virtualMachineName}',
    { get: read, head: exists, put: madeLong, patch: { statuses: [200], long: true }, delete: removedLong },
  ],
  ...networkResource('loadBalancers', 'loadBalancerName'),
  ...networkResource('routeTables', 'routeTableName'),
  ...networkPart('routeTables/{routeTableName}/routes', 'routeName'),
  ['…/Microsoft.Network/networkWatchers', { get: read }],
  [`${subscription}/providers/Microsoft.Network/networkWatchers`, { get: read }],
  [watcher, { get: read, head: exists, put: made, patch: patched, delete: { statuses: [202, 204], long: true } }],
  [`${watcher}/configureFlowLog`, { post: actionLong }],
  [`${watcher}/queryFlowLogStatus`, { post: actionLong }],
  [`${watcher}/ipFlowVerify`, { post: actionLong }],
  [`${watcher}/securityGroupView`, { post: actionLong }],
  [`${watcher}/FlowLogs`, { get: read }],
  [
    `${watcher}/FlowLogs/{flowLogName}`,
    { get: read, head: exists, put: madeLong, patch: patched, delete: { statuses: [202, 204], long: true } },
  ],
  // Ours.
  [`${watcher}/FlowLogs/{flowLogName}/diagnose`, { post: action }],
  ['…/Microsoft.Storage/storageAccounts', { get: read }],
  [`${subscription}/providers/Microsoft.Storage/storageAccounts`, { get: read }],
  [
    account,
    {
      get: read,
      head: exists,
      put: { statuses: [200, 202], long: true },
      patch: patched,
      delete: { statuses: [200, 204] },
    },
  ],
  [`${subscription}/providers/Microsoft.Storage/skus`, { get: read }],
  [`${account}/blobServices`, { get: read }],
  [`${account}/blobServices/{blobServiceName}`, { get: read, head: exists, put: { statuses: [200] } }],
  [`${account}/blobServices/{blobServiceName}/containers`, { get: read }],
  [
    `${account}/blobServices/{blobServiceName}/containers/{containerName}`,
    { get: read, head: exists, put: made, patch: patched, delete: { statuses: [200, 204] } },
  ],
  [`${account}/fileServices`, { get: read }],
  [`${account}/fileServices/{fileServiceName}`, { get: read, head: exists }],
  [`${account}/managementPolicies`, { get: read }],
  [
    `${account}/managementPolicies/{managementPolicyName}`,
    { get: read, head: exists, put: { statuses: [200] }, delete: { statuses: [200, 204] } },
  ],
  [`${account}/listAccountSas`, { post: action }],
  [`${account}/listServiceSas`, { post: action }],
  [`${account}/listKeys`, { post: action }],
  [`${account}/regenerateKey`, { post: action }],
  ['…/Microsoft.OperationalInsights/workspaces', { get: read }],
  [`${subscription}/providers/Microsoft.OperationalInsights/workspaces`, { get: read }],
  [
    '…/Microsoft.OperationalInsights/workspaces/{workspaceName}',
    {
      get: read,
      head: exists,
      put: { statuses: [200, 201, 202], long: true },
      patch: patched,
      delete: { statuses: [200, 202, 204], long: true },
    },
  ],
  ['…/Microsoft.Resources/deployments', { get: read }],
  [`${subscription}/providers/Microsoft.Resources/deployments`, { get: read }],
  [deployment, { get: read, head: exists, put: madeLong, delete: { statuses: [202, 204], long: true } }],
  [`${deployment}/validate`, { post: { statuses: [200, 202, 400], long: true } }],
  [`${deployment}/whatIf`, { post: actionLong }],
  [`${deployment}/operations`, { get: read }],
  [`${deployment}/operations/{operationId}`, { get: read }],
] as [string, Partial<Record<Method, OperationFact>>][]);

/** A path of `openapi/arm.json` as it stands in the table. */
export function factPath(path: string): string {
  return path.replace('/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/', '…/');
}

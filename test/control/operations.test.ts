import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/arm-template/value.ts';
import { describeApi } from '../../src/control/api/openapi.ts';
import { apiFacts, factPath } from './api-facts.ts';
import type { Method, OperationFact } from './api-facts.ts';
import type { Answer } from './plane.ts';
import {
  account,
  buildNetwork,
  flowLogBody,
  group,
  inside,
  location,
  network,
  openPlane,
  rule,
  subscription,
  watcher,
} from './plane.ts';
import type { ApiDescription } from './swagger.ts';
import { answerFaults } from './swagger.ts';

/** One request of every operation, in an order in which they can be asked. */
interface Step {
  readonly method: Method;
  /** As in the table of facts. */
  readonly template: string;
  readonly path: string;
  readonly body?: JsonObject;
}

const nsg = `${network}/networkSecurityGroups`;
const vnet = `${network}/virtualNetworks`;
const nic = `${network}/networkInterfaces`;
const workspaces = `${group}/providers/Microsoft.OperationalInsights/workspaces`;
const deployments = `${group}/providers/Microsoft.Resources/deployments`;
const verify = {
  targetResourceId: `${nic}/nic`,
  direction: 'Inbound',
  protocol: 'TCP',
  localPort: '22',
  remotePort: '60000',
  localIPAddress: '10.0.0.4',
  remoteIPAddress: '8.8.8.8',
};
const template = {
  resources: [{ type: 'Microsoft.Network/networkSecurityGroups', apiVersion: '2023-05-01', name: 'made', location }],
};
const deploy = { properties: { mode: 'Incremental', template } };
const ipConfigurations = [{ name: 'a', properties: { subnet: { id: `${vnet}/vnet/subnets/default` } } }];
const lifecycle = {
  properties: {
    policy: {
      rules: [
        {
          name: 'old',
          type: 'Lifecycle',
          definition: { actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: 30 } } } },
        },
      ],
    },
  },
};
const peering = { properties: { remoteVirtualNetwork: { id: `${vnet}/v` } } };

/** A resource made, made again, read, changed; with `list`, listed. */
function life(template: string, path: string, body: JsonObject, hasPatch = true): Step[] {
  const steps: Step[] = [
    { method: 'put', template, path, body },
    { method: 'put', template, path, body },
    { method: 'get', template, path },
    { method: 'head', template, path },
    { method: 'head', template, path: `${path}x` },
    { method: 'get', template: template.replace(/\/\{\w+\}$/, ''), path: path.slice(0, path.lastIndexOf('/')) },
    ...(hasPatch ? [{ method: 'patch', template, path, body: { tags: { a: 'b' } } } as const] : []),
  ];
  return steps.filter(({ method }) => apiFacts.get(template)?.[method] !== undefined || method === 'get');
}

const groupOf = '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}';
const nsgItem = '…/Microsoft.Network/networkSecurityGroups/{networkSecurityGroupName}';
const vnetItem = '…/Microsoft.Network/virtualNetworks/{virtualNetworkName}';
const nicItem = '…/Microsoft.Network/networkInterfaces/{networkInterfaceName}';
const watcherItem = '…/Microsoft.Network/networkWatchers/{networkWatcherName}';
const flowLogItem = `${watcherItem}/FlowLogs/{flowLogName}`;
const accountItem = '…/Microsoft.Storage/storageAccounts/{storageAccountName}';
const workspaceItem = '…/Microsoft.OperationalInsights/workspaces/{workspaceName}';
const deploymentItem = '…/Microsoft.Resources/deployments/{deploymentName}';
const asgItem = '…/Microsoft.Network/applicationSecurityGroups/{applicationSecurityGroupName}';
const balancerItem = '…/Microsoft.Network/loadBalancers/{loadBalancerName}';
const tableItem = '…/Microsoft.Network/routeTables/{routeTableName}';
const route = { properties: { addressPrefix: '10.9.0.0/16', nextHopType: 'VnetLocal' } };
const addressItem = '…/Microsoft.Network/publicIPAddresses/{publicIPAddressName}';
const provider = '/subscriptions/{subscriptionId}/providers/{namespace}';
const places = '/subscriptions/{subscriptionId}/providers/Microsoft.Network/locations/{location}';

const steps: readonly Step[] = [
  ...['/tenants', '/subscriptions'].map((path): Step => ({ method: 'get', template: path, path })),
  ...['', '/locations', '/resources', '/providers', '/resourceGroups'].map((end): Step => ({
    method: 'get',
    template: `/subscriptions/{subscriptionId}${end}`,
    path: `${subscription}${end}`,
  })),
  { method: 'get', template: provider, path: `${subscription}/providers/Microsoft.Network` },
  {
    method: 'post',
    template: `${provider}/unregister`,
    path: `${subscription}/providers/Microsoft.Compute/unregister`,
  },
  { method: 'post', template: `${provider}/register`, path: `${subscription}/providers/Microsoft.Compute/register` },
  {
    method: 'get',
    template: `${places}/serviceTags`,
    path: `${subscription}/providers/Microsoft.Network/locations/${location}/serviceTags`,
  },
  {
    method: 'post',
    template: '/subscriptions/{subscriptionId}/providers/Microsoft.Storage/checkNameAvailability',
    path: `${subscription}/providers/Microsoft.Storage/checkNameAvailability`,
    body: { name: 'free', type: 'Microsoft.Storage/storageAccounts' },
  },
  ...life(groupOf, `${subscription}/resourceGroups/other`, { location }),
  { method: 'get', template: `${groupOf}/resources`, path: `${group}/resources` },
  ...life(nsgItem, `${nsg}/n`, { location }),
  ...life(`${nsgItem}/securityRules/{securityRuleName}`, `${nsg}/n/securityRules/r`, rule('r')),
  { method: 'get', template: `${nsgItem}/defaultSecurityRules`, path: `${nsg}/n/defaultSecurityRules` },
  {
    method: 'get',
    template: `${nsgItem}/defaultSecurityRules/{defaultSecurityRuleName}`,
    path: `${nsg}/n/defaultSecurityRules/DenyAllInBound`,
  },
  ...life(vnetItem, `${vnet}/v`, { location, properties: { addressSpace: { addressPrefixes: ['10.9.0.0/16'] } } }),
  ...life(`${vnetItem}/subnets/{subnetName}`, `${vnet}/v/subnets/s`, { properties: { addressPrefix: '10.9.0.0/24' } }),
  ...life(
    `${vnetItem}/virtualNetworkPeerings/{virtualNetworkPeeringName}`,
    `${vnet}/vnet/virtualNetworkPeerings/p`,
    peering,
  ),
  ...life(nicItem, `${nic}/i`, { location, properties: { ipConfigurations } }),
  {
    method: 'post',
    template: `${nicItem}/effectiveNetworkSecurityGroups`,
    path: `${nic}/nic/effectiveNetworkSecurityGroups`,
  },
  ...life(
    '…/Microsoft.Compute/virtualMachines/{virtualMachineName}',
    `${group}/providers/Microsoft.Compute/virtualMachines/m`,
    {
      location,
      properties: { networkProfile: { networkInterfaces: [{ id: `${nic}/nic` }] } },
    },
  ),
  ...life(asgItem, `${network}/applicationSecurityGroups/g`, { location }),
  ...life(balancerItem, `${network}/loadBalancers/b`, { location }),
  ...life(tableItem, `${network}/routeTables/t`, { location }),
  ...life(`${tableItem}/routes/{routeName}`, `${network}/routeTables/t/routes/r`, route, false),
  ...life(addressItem, `${network}/publicIPAddresses/a`, {
    location,
    sku: { name: 'Standard' },
    properties: { publicIPAllocationMethod: 'Static' },
  }),
  ...life(watcherItem, watcher, { location }),
  ...life(flowLogItem, `${watcher}/flowLogs/f`, flowLogBody()),
  { method: 'post', template: `${flowLogItem}/diagnose`, path: `${watcher}/flowLogs/f/diagnose` },
  {
    method: 'post',
    template: `${watcherItem}/configureFlowLog`,
    path: `${watcher}/configureFlowLog`,
    body: { targetResourceId: `${nsg}/n`, properties: { storageId: account('logs'), enabled: true } },
  },
  {
    method: 'post',
    template: `${watcherItem}/queryFlowLogStatus`,
    path: `${watcher}/queryFlowLogStatus`,
    body: { targetResourceId: `${nsg}/n` },
  },
  { method: 'post', template: `${watcherItem}/ipFlowVerify`, path: `${watcher}/ipFlowVerify`, body: verify },
  {
    method: 'post',
    template: `${watcherItem}/securityGroupView`,
    path: `${watcher}/securityGroupView`,
    body: { targetResourceId: `${nic}/nic` },
  },
  ...life(accountItem, account('fresh'), { location, kind: 'StorageV2', sku: { name: 'Standard_LRS' } }),
  ...['blobServices', 'fileServices', 'managementPolicies'].map((list): Step => ({
    method: 'get',
    template: `${accountItem}/${list}`,
    path: `${account('fresh')}/${list}`,
  })),
  ...life(`${accountItem}/blobServices/{blobServiceName}`, `${account('fresh')}/blobServices/default`, {}, false),
  ...life(
    `${accountItem}/blobServices/{blobServiceName}/containers/{containerName}`,
    `${account('fresh')}/blobServices/default/containers/made`,
    {},
  ),
  {
    method: 'get',
    template: `${accountItem}/fileServices/{fileServiceName}`,
    path: `${account('fresh')}/fileServices/default`,
  },
  {
    method: 'head',
    template: `${accountItem}/fileServices/{fileServiceName}`,
    path: `${account('fresh')}/fileServices/default`,
  },
  ...life(
    `${accountItem}/managementPolicies/{managementPolicyName}`,
    `${account('fresh')}/managementPolicies/default`,
    lifecycle,
    false,
  ),
  {
    method: 'post',
    template: `${accountItem}/listAccountSas`,
    path: `${account('fresh')}/listAccountSas`,
    body: {
      signedServices: 'b',
      signedResourceTypes: 'sco',
      signedPermission: 'rl',
      signedExpiry: '2026-11-23T00:00:00Z',
    },
  },
  {
    method: 'post',
    template: `${accountItem}/listServiceSas`,
    path: `${account('fresh')}/listServiceSas`,
    body: {
      canonicalizedResource: '/blob/fresh/made',
      signedResource: 'c',
      signedPermission: 'rl',
      signedExpiry: '2026-11-23T00:00:00Z',
    },
  },
  { method: 'post', template: `${accountItem}/listKeys`, path: `${account('fresh')}/listKeys` },
  {
    method: 'post',
    template: `${accountItem}/regenerateKey`,
    path: `${account('fresh')}/regenerateKey`,
    body: { keyName: 'key2' },
  },
  ...life(workspaceItem, `${workspaces}/work`, { location }),
  { method: 'post', template: `${deploymentItem}/validate`, path: `${deployments}/d/validate`, body: deploy },
  { method: 'post', template: `${deploymentItem}/whatIf`, path: `${deployments}/d/whatIf`, body: deploy },
  ...life(deploymentItem, `${deployments}/d`, deploy),
  { method: 'get', template: `${deploymentItem}/operations`, path: `${deployments}/d/operations` },
  ...[...apiFacts.keys()]
    .filter(
      (path) =>
        /^\/subscriptions\/\{subscriptionId\}\/providers\/Microsoft\.\w+\/\w+$/.test(path) &&
        apiFacts.get(path)?.get !== undefined,
    )
    .map((template): Step => ({
      method: 'get',
      template,
      path: template.replace('/subscriptions/{subscriptionId}', subscription),
    })),
  ...(
    [
      [flowLogItem, `${watcher}/flowLogs/f`],
      [watcherItem, watcher],
      [`${nsgItem}/securityRules/{securityRuleName}`, `${nsg}/n/securityRules/r`],
      [nsgItem, `${nsg}/n`],
      [
        '…/Microsoft.Compute/virtualMachines/{virtualMachineName}',
        `${group}/providers/Microsoft.Compute/virtualMachines/m`,
      ],
      [nicItem, `${nic}/i`],
      [`${vnetItem}/virtualNetworkPeerings/{virtualNetworkPeeringName}`, `${vnet}/vnet/virtualNetworkPeerings/p`],
      [`${vnetItem}/subnets/{subnetName}`, `${vnet}/v/subnets/s`],
      [vnetItem, `${vnet}/v`],
      [asgItem, `${network}/applicationSecurityGroups/g`],
      [addressItem, `${network}/publicIPAddresses/a`],
      [
        `${accountItem}/blobServices/{blobServiceName}/containers/{containerName}`,
        `${account('fresh')}/blobServices/default/containers/made`,
      ],
      [`${accountItem}/managementPolicies/{managementPolicyName}`, `${account('fresh')}/managementPolicies/default`],
      [balancerItem, `${network}/loadBalancers/b`],
      [`${tableItem}/routes/{routeName}`, `${network}/routeTables/t/routes/r`],
      [tableItem, `${network}/routeTables/t`],
      [accountItem, account('fresh')],
      [workspaceItem, `${workspaces}/work`],
      [deploymentItem, `${deployments}/d`],
    ] as const
  ).flatMap(([template, path]): Step[] => [
    { method: 'delete', template, path },
    { method: 'delete', template, path },
  ]),
  { method: 'delete', template: groupOf, path: `${subscription}/resourceGroups/other` },
];

let plane: Awaited<ReturnType<typeof openPlane>>;

afterEach(async () => {
  expect(plane.faults).toEqual([]);
  await plane.end();
});

describe.each([false, true])('with asynchronous %s, every operation', (asynchronous) => {
  test('answers with the statuses and headers that Azure describes', async () => {
    plane = await openPlane({ asynchronous });
    const polled = async (url: string): Promise<Answer> => {
      plane.clock.millis += 1000;
      return plane.ask('GET', url.replace('https://localhost:8443', ''));
    };
    const settle = async (answer: Answer): Promise<void> => {
      const { location: result, 'azure-asyncoperation': state, 'retry-after': wait } = answer.headers;
      if (result === undefined && state === undefined) return;
      expect(wait).toBe('1');
      if (state !== undefined) expect((await polled(state)).body).toMatchObject({ status: 'Succeeded' });
      if (result !== undefined) expect([200, 204]).toContain((await polled(result)).status);
    };
    await buildNetworkAtOnce();
    const asked = new Set<string>();
    const faults: string[] = [];
    for (const { method, template: path, path: url, body } of steps) {
      const fact: OperationFact | undefined = apiFacts.get(path)?.[method];
      const answer = await plane.ask(method.toUpperCase(), url, body);
      asked.add(`${method} ${path}`);
      const shown = `${method} ${url}: ${answer.status} ${answer.code} ${answer.message}`;
      if (fact?.statuses.includes(answer.status) !== true) faults.push(shown);
      const isPolled = 'location' in answer.headers || 'azure-asyncoperation' in answer.headers;
      if (answer.status === 202 && !('location' in answer.headers)) faults.push(`${shown}: no Location`);
      if (isPolled && fact?.long !== true) faults.push(`${shown}: is no long operation`);
      if ((answer.status === 204 || method === 'head') && Object.keys(answer.body).length > 0)
        faults.push(`${shown}: a body`);
      await settle(answer);
    }
    expect(faults).toEqual([]);
    const all = [...apiFacts].flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`));
    const byTheWay = (name: string): boolean => name.includes('{operationId}');
    expect(all.filter((name) => !asked.has(name) && !byTheWay(name))).toEqual([]);
  });

  async function buildNetworkAtOnce(): Promise<void> {
    await plane.ask('PUT', group, { location });
    await plane.ask('PUT', `${nsg}/web`, { location, properties: { securityRules: [rule('AllowWeb')] } });
    await plane.ask('PUT', `${vnet}/vnet`, {
      location,
      properties: {
        addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
        subnets: [
          { name: 'default', properties: { addressPrefix: '10.0.0.0/24', networkSecurityGroup: { id: `${nsg}/web` } } },
        ],
      },
    });
    await plane.ask('PUT', `${nic}/nic`, { location, properties: { ipConfigurations } });
    await plane.ask('PUT', account('logs'), { location, kind: 'StorageV2', sku: { name: 'Standard_LRS' } });
  }
});

describe('openapi/arm.json', () => {
  test('has the paths, methods and statuses of Azure, and no others', async () => {
    plane = await openPlane();
    const { paths } = describeApi() as { paths: Record<string, Record<string, { responses?: object }>> };
    for (const [path, methods] of Object.entries(paths))
      for (const [method, { responses = {} }] of Object.entries(methods)) {
        if (method === 'parameters') continue;
        const allowed = apiFacts.get(factPath(path))?.[method as Method]?.statuses.map(String) ?? [];
        const listed = Object.keys(responses).filter((status) => status !== 'default');
        expect(allowed, `${method} ${path}`).toEqual(expect.arrayContaining(listed));
        expect(listed.length, `${method} ${path}`).toBeGreaterThan(0);
      }
    expect(new Set(Object.keys(paths).map(factPath))).toEqual(new Set(apiFacts.keys()));
  });
});

describe('a watcher that is deleted', () => {
  test('takes its flow logs with it', async () => {
    plane = await openPlane();
    await buildNetwork(plane);
    await plane.put(`${watcher}/flowLogs/f`, flowLogBody());
    expect((await plane.ask('DELETE', watcher)).status).toBe(204);
    expect(plane.plane.snapshot().flowLogs).toEqual([]);
    await plane.put(watcher, { location });
    expect((await plane.ask('GET', `${watcher}/flowLogs/f`)).code).toBe('ResourceNotFound');
    expect(inside(await plane.get(`${nsg}/web`), 'properties', 'flowLogs')).toBeUndefined();
  });
});

const described = process.env['NSGFLOW_AZURE_API'];

describe.skipIf(described === undefined)('the descriptions of Azure’s API', () => {
  const watchers = `${groupOf}/providers/Microsoft.Network/networkWatchers/{networkWatcherName}`;

  test.each(['networkWatcher.2019-07-01.full.json', 'flowLogs.reconstructed.openapi.json'])(
    '%s: statuses and answers',
    async (file) => {
      plane = await openPlane();
      const api = JSON.parse(readFileSync(join(described ?? '', file), 'utf8')) as ApiDescription;
      for (const [path, methods] of Object.entries(api.paths))
        for (const [method, { responses = {} }] of Object.entries(methods)) {
          const fact = apiFacts.get(factPath(path).replace('/flowLogs', '/FlowLogs'))?.[method as Method];
          if (fact === undefined || method === 'parameters') continue;
          const listed = Object.keys(responses).filter((status) => status !== 'default');
          expect(listed.map(Number), `${method} ${path}`).toEqual([...fact.statuses]);
        }
      await buildNetwork(plane);
      const faults: string[] = [];
      let checked = 0;
      for (const { method, template: asked, path: url, body } of steps) {
        const path = asked.replace('…', `${groupOf}/providers`).replace('/FlowLogs', '/flowLogs');
        const answer = await plane.ask(method.toUpperCase(), url, body);
        if (api.paths[path]?.[method] === undefined || method === 'head') continue;
        checked++;
        faults.push(...answerFaults(api, path, method, answer));
      }
      expect(faults).toEqual([]);
      expect(checked).toBeGreaterThan(8);
      const missing = { method: 'get', template: watchers } as const;
      const answer = await plane.ask('GET', `${network}/networkWatchers/none`);
      if (api.paths[missing.template]?.[missing.method] !== undefined)
        expect(answerFaults(api, missing.template, missing.method, answer)).toEqual([]);
    },
  );
});

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/arm-template/value.ts';
import { refusedRules } from '../nsg/refused-rules.ts';
import type { TestPlane } from './plane.ts';
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

let plane: TestPlane;

beforeEach(async () => {
  plane = await openPlane();
  await buildNetwork(plane);
});

afterEach(() => plane.end());

const nsg = `${network}/networkSecurityGroups/web`;
const flowLog = `${watcher}/flowLogs/fl`;

/** The code of a refused PUT; '' where it was taken. */
async function refusal(path: string, body: JsonObject): Promise<string> {
  const { status, code } = await plane.ask('PUT', path, body);
  expect(status === 200 || status === 201).toBe(code === '');
  return code;
}

describe('security rules', () => {
  test.each([
    ['a prefix with host bits', { sourceAddressPrefix: '10.0.0.1/24' }, 'SecurityRuleInvalidAddressPrefix'],
    ['a range that runs backwards', { destinationPortRange: '90-80' }, 'SecurityRuleInvalidPortRange'],
    ['an address that is none', { sourceAddressPrefix: '10.0.0.300' }, 'SecurityRuleInvalidAddressPrefix'],
    [
      'both prefix and prefixes',
      { sourceAddressPrefixes: ['10.0.0.0/8'] },
      'SecurityRuleParameterContainsUnsupportedValue',
    ],
    ['an unknown protocol', { protocol: 'Quic' }, 'InvalidRequestContent'],
    ['no direction', { direction: null }, 'InvalidRequestContent'],
    ['a description that is too long', { description: 'x'.repeat(141) }, 'InvalidRequestContent'],
    [
      'a group that is not there',
      {
        sourceAddressPrefix: null,
        sourceApplicationSecurityGroups: [{ id: `${network}/applicationSecurityGroups/no` }],
      },
      'InvalidResourceReference',
    ],
  ] as const)('refuse %s', async (_, properties, code) => {
    expect(await refusal(`${nsg}/securityRules/r`, rule('r', { priority: 200, ...properties }))).toBe(code);
    expect(inside(await plane.get(nsg), 'properties', 'securityRules')).toHaveLength(1);
  });

  test.each(refusedRules)('refuse %s, in the words of files', async (_, fields, code, sentence) => {
    const refused = await plane.ask('PUT', `${nsg}/securityRules/r`, rule('r', { priority: 200, ...fields }));
    expect([refused.status, refused.code]).toEqual([400, code]);
    expect(refused.message).toContain(`Security rule r: ${sentence}`);
    const whole = { location, properties: { securityRules: [rule('r', fields as JsonObject)] } };
    expect((await plane.ask('PUT', nsg, whole)).code).toBe(code);
  });

  test('take tags that nobody knows, which the network names', async () => {
    for (const [name, access] of [
      ['a', 'Deny'],
      ['b', 'Allow'],
    ] as const)
      await plane.put(
        `${nsg}/securityRules/${name}`,
        rule(name, { priority: name === 'a' ? 300 : 301, access, sourceAddressPrefix: 'Internt' }),
      );
    expect(plane.plane.network().unknownTags).toMatchObject([{ tag: 'Internt' }]);
    expect(plane.plane.network().unknownTags[0].rules).toHaveLength(2);
  });

  test('have one priority a direction, one name, and at most a thousand', async () => {
    expect(await refusal(`${nsg}/securityRules/other`, rule('other'))).toBe('SecurityRuleConflict');
    expect(await refusal(`${nsg}/securityRules/other`, rule('other', { direction: 'Outbound' }))).toBe('');
    const twice = { location, properties: { securityRules: [rule('a'), rule('A', { priority: 101 })] } };
    expect(await refusal(nsg, twice)).toBe('DuplicateResourceName');
    expect(await refusal(`${nsg}/securityRules/-x`, rule('-x', { priority: 300 }))).toBe('InvalidResourceName');
    const many = Array.from({ length: 1001 }, (_, i) => rule(`r${i}`, { priority: 100 + i }));
    expect(await refusal(nsg, { location, properties: { securityRules: many } })).toBe('ChildResourceLimit');
    expect(await refusal(nsg, { location, properties: { securityRules: many.slice(1) } })).toBe('');
  });

  test('words come in any casing and leave in Azure’s', async () => {
    const shown = await plane.put(`${nsg}/securityRules/r`, {
      properties: { ...(rule('r')['properties'] as JsonObject), protocol: 'tcp', access: 'DENY', priority: '250' },
    });
    expect(shown).toMatchObject({
      name: 'r',
      id: `${nsg}/securityRules/r`,
      properties: { protocol: 'Tcp', access: 'Deny', priority: 250 },
    });
    expect((await plane.ask('DELETE', `${nsg}/securityRules/R`)).status).toBe(200);
    expect((await plane.ask('DELETE', `${nsg}/securityRules/r`)).status).toBe(204);
  });

  test('the default rules can be read and not written', async () => {
    expect(await plane.get(`${nsg}/defaultSecurityRules/denyallinbound`)).toMatchObject({
      properties: { priority: 65500, description: 'Deny all inbound traffic' },
    });
    expect((await plane.ask('PUT', `${nsg}/defaultSecurityRules/DenyAllInBound`, rule('x'))).code).toBe(
      'MethodNotAllowed',
    );
  });
});

describe('what is in use', () => {
  test('an NSG at a subnet is not deleted until it is taken off', async () => {
    const refused = await plane.ask('DELETE', nsg);
    expect(refused.status).toBe(400);
    expect(refused.code).toBe('InUseNetworkSecurityGroupCannotBeDeleted');
    expect(refused.message).toContain('/subnets/default');
    await plane.put(`${network}/virtualNetworks/vnet/subnets/default`, {
      properties: { addressPrefix: '10.0.0.0/24' },
    });
    expect((await plane.ask('DELETE', nsg)).status).toBe(200);
  });

  test('a subnet with an interface stays, and so do its addresses and its VNet', async () => {
    const vnet = `${network}/virtualNetworks/vnet`;
    expect((await plane.ask('DELETE', `${vnet}/subnets/default`)).code).toBe('InUseSubnetCannotBeDeleted');
    expect((await plane.ask('DELETE', vnet)).code).toBe('InUseSubnetCannotBeDeleted');
    expect(
      await refusal(vnet, {
        location,
        properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] }, subnets: [] },
      }),
    ).toBe('InUseSubnetCannotBeDeleted');
    expect(await refusal(`${vnet}/subnets/default`, { properties: { addressPrefix: '10.0.9.0/24' } })).toBe(
      'InUsePrefixCannotBeDeleted',
    );
    expect(await refusal(vnet, { location, properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] } } })).toBe(
      '',
    );
    expect((await plane.ask('DELETE', `${network}/networkInterfaces/nic`)).status).toBe(200);
    expect((await plane.ask('DELETE', vnet)).status).toBe(200);
  });

  test('an NSG takes its flow log with it', async () => {
    await plane.put(flowLog, flowLogBody());
    await plane.put(`${network}/virtualNetworks/vnet/subnets/default`, {
      properties: { addressPrefix: '10.0.0.0/24' },
    });
    expect((await plane.ask('DELETE', nsg)).status).toBe(200);
    expect((await plane.ask('GET', flowLog)).code).toBe('ResourceNotFound');
  });
});

describe('networks', () => {
  const vnet = `${network}/virtualNetworks/other`;
  const body = (subnets: readonly JsonObject[], space = ['10.1.0.0/16']): JsonObject => ({
    location,
    properties: { addressSpace: { addressPrefixes: space }, subnets },
  });
  const subnet = (name: string, addressPrefix: string): JsonObject => ({ name, properties: { addressPrefix } });

  test.each([
    ['a prefix with host bits', body([], ['10.1.0.1/16']), 'InvalidCIDRNotation'],
    ['a subnet outside the address space', body([subnet('a', '10.2.0.0/24')]), 'NetcfgInvalidSubnet'],
    [
      'subnets that overlap',
      body([subnet('a', '10.1.0.0/24'), subnet('b', '10.1.0.128/25')]),
      'NetcfgSubnetRangesOverlap',
    ],
    [
      'two subnets of one name',
      body([subnet('a', '10.1.0.0/24'), subnet('A', '10.1.1.0/24')]),
      'DuplicateResourceName',
    ],
    ['no address space', { location, properties: {} }, 'InvalidRequestContent'],
    [
      'a flow timeout beyond 30',
      { location, properties: { addressSpace: { addressPrefixes: ['10.1.0.0/16'] }, flowTimeoutInMinutes: 31 } },
      'InvalidRequestContent',
    ],
    [
      'an NSG of another region',
      {
        ...body([{ name: 'a', properties: { addressPrefix: '10.1.0.0/24', networkSecurityGroup: { id: nsg } } }]),
        location: 'eastus',
      },
      'InvalidResourceReference',
    ],
  ] as const)('refuse %s', async (_, asked, code) => {
    expect(await refusal(vnet, asked)).toBe(code);
  });

  test('addresses are the next free ones, or those asked for', async () => {
    const nic = (name: string, properties: JsonObject): Promise<string> =>
      refusal(`${network}/networkInterfaces/${name}`, {
        location,
        properties: {
          ipConfigurations: [
            {
              name: 'a',
              properties: { subnet: { id: `${network}/virtualNetworks/vnet/subnets/default` }, ...properties },
            },
          ],
        },
      });
    const fixed = (privateIPAddress: string): JsonObject => ({ privateIPAllocationMethod: 'Static', privateIPAddress });
    expect(await nic('b', {})).toBe('');
    expect(
      inside(
        await plane.get(`${network}/networkInterfaces/b`),
        'properties',
        'ipConfigurations',
        0,
        'properties',
        'privateIPAddress',
      ),
    ).toBe('10.0.0.5');
    expect(await nic('c', fixed('10.0.0.5'))).toBe('PrivateIPAddressInUse');
    expect(await nic('c', fixed('10.0.0.3'))).toBe('PrivateIPAddressInReservedRange');
    expect(await nic('c', fixed('10.0.0.255'))).toBe('PrivateIPAddressInReservedRange');
    expect(await nic('c', fixed('10.0.1.9'))).toBe('PrivateIPAddressNotInSubnet');
    expect(await nic('c', fixed('10.0.0.6'))).toBe('');
    expect(await nic('d', {})).toBe('');
    expect(
      inside(
        await plane.get(`${network}/networkInterfaces/d`),
        'properties',
        'ipConfigurations',
        0,
        'properties',
        'privateIPAddress',
      ),
    ).toBe('10.0.0.7');
    expect(
      plane.plane
        .network()
        .nics.map(({ name }) => name)
        .sort(),
    ).toEqual(['b', 'c', 'd', 'nic']);
    expect(plane.plane.network().warnings).toEqual([]);
  });

  test('a peering is connected when both sides have it', async () => {
    await plane.put(vnet, body([]));
    const ends = [`${network}/virtualNetworks/vnet`, vnet];
    const peer = (from: number): Promise<JsonObject> =>
      plane.put(`${ends[from]}/virtualNetworkPeerings/p`, {
        properties: { remoteVirtualNetwork: { id: ends[1 - from] } },
      });
    expect(inside(await peer(0), 'properties', 'peeringState')).toBe('Initiated');
    expect(inside(await peer(1), 'properties', 'peeringState')).toBe('Connected');
    expect(plane.plane.network().virtualNetworks.map(({ peeredPrefixes }) => peeredPrefixes.length)).toEqual([1, 1]);
  });
});

describe('flow logs', () => {
  test.each([
    ['retention beyond a year', { retentionPolicy: { days: 366, enabled: true } }, 'FlowLogRetentionInvalid'],
    ['a version that there is not', { format: { type: 'JSON', version: 3 } }, 'FlowLogVersionInvalid'],
    [
      'a target that is not there',
      { targetResourceId: `${network}/networkSecurityGroups/no` },
      'InvalidResourceReference',
    ],
    ['a target that cannot be logged', { targetResourceId: account('logs') }, 'FlowLogTargetNotSupported'],
    ['an account that is not there', { storageId: account('nolog') }, 'InvalidResourceReference'],
    ['criteria that are too long', { enabledFilteringCriteria: 'x'.repeat(1001) }, 'FlowLogCriteriaInvalid'],
    ['record types that there are not', { recordTypes: 'B,X' }, 'FlowLogCriteriaInvalid'],
    [
      'analytics at another interval',
      { flowAnalyticsConfiguration: { networkWatcherFlowAnalyticsConfiguration: { trafficAnalyticsInterval: 30 } } },
      'InvalidRequestContent',
    ],
    ['no storage', { storageId: null }, 'InvalidRequestContent'],
  ] as const)('refuse %s', async (_, properties, code) => {
    expect(await refusal(flowLog, flowLogBody(properties))).toBe(code);
    expect(plane.plane.snapshot().flowLogs).toEqual([]);
  });

  test('go to a standard account of general purpose v2 in the same region', async () => {
    const made = async (name: string, kind: string, sku: string, region = location): Promise<string> => {
      await plane.put(account(name), { location: region, kind, sku: { name: sku } });
      return account(name);
    };
    const far = await made('far', 'StorageV2', 'Standard_LRS', 'eastus');
    expect(await refusal(flowLog, flowLogBody({ storageId: far }))).toBe('FlowLogStorageLocationMismatch');
    for (const [name, kind, sku] of [
      ['blocks', 'BlockBlobStorage', 'Premium_LRS'],
      ['files', 'FileStorage', 'Premium_LRS'],
      ['premium', 'StorageV2', 'Premium_LRS'],
    ] as const)
      expect(await refusal(flowLog, flowLogBody({ storageId: await made(name, kind, sku) }))).toBe(
        'FlowLogStorageKindNotSupported',
      );
    for (const kind of ['Storage', 'BlobStorage']) {
      const storageId = await made(`${kind.toLowerCase()}1`, kind, 'Standard_LRS');
      expect(await refusal(flowLog, flowLogBody({ storageId, retentionPolicy: { days: 7, enabled: true } }))).toBe(
        'FlowLogRetentionNotSupported',
      );
      expect(await refusal(flowLog, flowLogBody({ storageId, retentionPolicy: { days: 0, enabled: true } }))).toBe('');
    }
    expect(await refusal(flowLog, flowLogBody({ retentionPolicy: { days: 365, enabled: true } }))).toBe('');
    expect(plane.plane.snapshot().flowLogs[0].retentionDays).toBe(365);
    await plane.put(flowLog, flowLogBody({ retentionPolicy: { days: 0, enabled: true } }));
    expect(plane.plane.snapshot().flowLogs[0].retentionDays).toBe(0);
  });

  test('are one a target, of NSGs, VNets, subnets and interfaces', async () => {
    await plane.put(flowLog, flowLogBody());
    expect(await refusal(`${watcher}/flowLogs/second`, flowLogBody())).toBe('FlowLogTargetInUse');
    const targets = {
      v: 'virtualNetworks/vnet',
      s: 'virtualNetworks/VNET/subnets/DEFAULT',
      n: 'networkInterfaces/nic',
    };
    for (const [name, target] of Object.entries(targets))
      expect(
        await refusal(`${watcher}/flowLogs/${name}`, flowLogBody({ targetResourceId: `${network}/${target}` })),
      ).toBe('');
    expect(
      plane.plane
        .snapshot()
        .flowLogs.map(({ targetKind, format, targetId }) => `${targetKind} ${format} ${targetId.slice(network.length)}`)
        .sort(),
    ).toEqual([
      'nic vnet /networkInterfaces/nic',
      'nsg nsg1 /networkSecurityGroups/web',
      'subnet vnet /virtualNetworks/vnet/subnets/default',
      'virtualNetwork vnet /virtualNetworks/vnet',
    ]);
  });

  test('want Microsoft.Insights registered, and say how', async () => {
    const provider = `${subscription}/providers/microsoft.insights`;
    expect((await plane.ask('POST', `${provider}/unregister`)).body).toMatchObject({
      registrationState: 'NotRegistered',
    });
    const refused = await plane.ask('PUT', flowLog, flowLogBody());
    expect([refused.status, refused.code]).toEqual([403, 'AuthorizationFailed']);
    expect(refused.message).toContain('Microsoft.Insights');
    expect(refused.message).toContain('az provider register --namespace Microsoft.Insights');
    expect((await plane.ask('POST', `${provider}/register`)).body).toMatchObject({ registrationState: 'Registered' });
    expect(await refusal(flowLog, flowLogBody())).toBe('');
  });

  test('name a workspace for traffic analytics, and are not disabled before it', async () => {
    const workspace = `${group}/providers/Microsoft.OperationalInsights/workspaces/work`;
    const analytics = (more: JsonObject = {}): JsonObject => ({
      flowAnalyticsConfiguration: {
        networkWatcherFlowAnalyticsConfiguration: { enabled: true, workspaceResourceId: workspace, ...more },
      },
    });
    expect(await refusal(flowLog, flowLogBody(analytics()))).toBe('InvalidResourceReference');
    await plane.put(workspace, { location: 'eastus' });
    expect(await refusal(flowLog, flowLogBody(analytics({ workspaceRegion: 'westeurope' })))).toBe(
      'InvalidTAWorkspaceRegion',
    );
    const made = await plane.put(flowLog, flowLogBody(analytics()));
    expect(
      inside(
        made,
        'properties',
        'flowAnalyticsConfiguration',
        'networkWatcherFlowAnalyticsConfiguration',
        'trafficAnalyticsInterval',
      ),
    ).toBe(60);
    expect(await refusal(flowLog, flowLogBody({ ...analytics(), enabled: false }))).toBe('FlowLogAnalyticsEnabled');
    expect(await refusal(flowLog, flowLogBody({ enabled: false }))).toBe('');
  });
});

describe('delivery', () => {
  const delivery = (): unknown => plane.plane.snapshot().flowLogs[0].delivery;

  test('stops when key1 is regenerated, until the flow log is disabled and enabled', async () => {
    await plane.put(flowLog, flowLogBody());
    const before = await plane.ask('POST', `${account('logs')}/listKeys?$expand=kerb`);
    await plane.ask('POST', `${account('logs')}/regenerateKey`, { keyName: 'key2' });
    expect(delivery()).toBe('ok');
    const after = await plane.ask('POST', `${account('logs')}/regenerateKey`, { keyName: 'key1' });
    expect(inside(after.body, 'keys', 0, 'value')).not.toBe(inside(before.body, 'keys', 0, 'value'));
    expect(delivery()).toEqual({ stopped: 'key-rotated' });
    await plane.put(flowLog, flowLogBody({ format: { version: 2 } }));
    expect(delivery()).toEqual({ stopped: 'key-rotated' });
    await plane.put(flowLog, flowLogBody({ enabled: false }));
    await plane.put(flowLog, flowLogBody());
    expect(delivery()).toBe('ok');
  });

  test('goes on through a regenerated key where the setting says so', async () => {
    const lenient = await openPlane({ keyRotationStops: false });
    await buildNetwork(lenient);
    await lenient.put(flowLog, flowLogBody());
    await lenient.ask('POST', `${account('logs')}/regenerateKey`, { keyName: 'key1' });
    expect(lenient.plane.snapshot().flowLogs[0].delivery).toBe('ok');
    await lenient.end();
  });

  test('stops behind a firewall that Azure’s services may not pass, set before or after', async () => {
    const firewall = (networkAcls: JsonObject) => plane.ask('PATCH', account('logs'), { properties: { networkAcls } });
    await firewall({ defaultAction: 'Deny', bypass: 'None' });
    await plane.put(flowLog, flowLogBody());
    expect(delivery()).toEqual({ stopped: 'firewall' });
    await firewall({ bypass: 'Logging, azureservices' });
    expect(delivery()).toBe('ok');
    await firewall({
      bypass: 'Metrics',
      virtualNetworkRules: [{ id: `${network}/virtualNetworks/vnet/subnets/default` }],
    });
    expect(delivery()).toEqual({ stopped: 'firewall' });
    await firewall({ defaultAction: 'Allow' });
    expect(delivery()).toBe('ok');
    expect(plane.plane.snapshot().storageAccounts[0].firewall).toEqual({ defaultAction: 'Allow', bypass: ['Metrics'] });
  });

  test('stops when the account is gone', async () => {
    await plane.put(flowLog, flowLogBody());
    expect((await plane.ask('DELETE', account('logs'))).status).toBe(200);
    expect(delivery()).toEqual({ stopped: 'storage-account-missing' });
  });
});

describe('storage accounts', () => {
  test('have names that nobody else has', async () => {
    const check = async (name: string) =>
      (
        await plane.ask('POST', `${subscription}/providers/Microsoft.Storage/checkNameAvailability`, {
          name,
          type: 'Microsoft.Storage/storageAccounts',
        })
      ).body;
    expect(await check('fresh')).toEqual({ nameAvailable: true });
    expect(await check('logs')).toMatchObject({ nameAvailable: false, reason: 'AlreadyExists' });
    expect(await check('No')).toMatchObject({ nameAvailable: false, reason: 'AccountNameInvalid' });
    await plane.put(`${subscription}/resourceGroups/second`, { location });
    const elsewhere = account('logs').replace('/net/', '/second/');
    expect(await refusal(elsewhere, { location, kind: 'StorageV2', sku: { name: 'Standard_LRS' } })).toBe(
      'StorageAccountAlreadyTaken',
    );
    expect(await refusal(account('Bad_Name'), { location, sku: { name: 'Standard_LRS' } })).toBe('AccountNameInvalid');
  });

  test('keep kind and place, and show their endpoint and no key', async () => {
    expect(await refusal(account('logs'), { location, kind: 'BlockBlobStorage', sku: { name: 'Premium_LRS' } })).toBe(
      'PropertyChangeNotAllowed',
    );
    expect(await refusal(account('logs'), { location: 'eastus', sku: { name: 'Standard_LRS' } })).toBe(
      'InvalidResourceLocation',
    );
    expect(await refusal(account('blob1'), { location, kind: 'BlobStorage', sku: { name: 'Premium_LRS' } })).toBe(
      'InvalidRequestContent',
    );
    const shown = await plane.get(account('logs'));
    expect(shown).toMatchObject({
      kind: 'StorageV2',
      sku: { name: 'Standard_LRS', tier: 'Standard' },
      properties: { primaryEndpoints: { blob: 'https://localhost:8443/logs/' } },
    });
    const keys = plane.plane.snapshot().storageAccounts[0].keys;
    expect(JSON.stringify(shown)).not.toContain(keys.key1);
    expect(Buffer.from(keys.key1, 'base64')).toHaveLength(64);
  });
});

describe('the older flow log API', () => {
  test('configures an NSG’s flow log and tells its status', async () => {
    const status = () => plane.ask('POST', `${watcher}/queryFlowLogStatus`, { targetResourceId: nsg });
    expect((await status()).body).toMatchObject({ properties: { enabled: false } });
    const asked = {
      targetResourceId: nsg,
      properties: {
        storageId: account('logs'),
        enabled: 'true',
        retentionPolicy: { days: 5, enabled: 'true' },
        format: { type: 'JSON', version: 2 },
      },
    };
    const made = await plane.ask('POST', `${watcher}/configureFlowLog`, asked);
    expect(made.body).toMatchObject({
      targetResourceId: nsg,
      properties: { enabled: true, retentionPolicy: { days: 5, enabled: true }, format: { version: 2 } },
    });
    expect((await status()).body).toEqual(made.body);
    expect(plane.plane.snapshot().flowLogs).toMatchObject([
      { id: `${watcher}/FlowLogs/Microsoft.Networknetweb`, format: 'nsg2', retentionDays: 5 },
    ]);
    await plane.ask('POST', `${watcher}/configureFlowLog`, {
      ...asked,
      properties: { ...asked.properties, enabled: 'false' },
    });
    expect(plane.plane.snapshot().flowLogs).toMatchObject([{ enabled: false }]);
  });
});

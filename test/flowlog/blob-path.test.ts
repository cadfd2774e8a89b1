import { describe, expect, test } from 'vitest';
import {
  containerOf,
  formatBlobPath,
  nsgContainer,
  parseBlobPath,
  parseResourceId,
  vnetContainer,
} from '../../src/flowlog/blob-path.ts';

const subscription = '9c99d7c5-7653-4b53-ae61-daeff13d8569';
const nsg = `/subscriptions/${subscription}/resourceGroups/web-rg/providers/Microsoft.Network/networkSecurityGroups/web_nsg`;
const flowLog = `/subscriptions/${subscription}/resourceGroups/NetworkWatcherRG/providers/Microsoft.Network/networkWatchers/NetworkWatcher_eastus/flowLogs/vnet_a-web-rg-flowlog`;
const hourMillis = Date.UTC(2024, 2, 5, 9);
const hour = 'y=2024/m=03/d=05/h=09/m=00/macAddress=000D3AF87856/PT1H.json';

describe('formatBlobPath', () => {
  test('an NSG blob has the upper-case id of its NSG', () => {
    expect(formatBlobPath('nsg', nsg, hourMillis, '000D3AF87856')).toBe(`resourceId=${nsg.toUpperCase()}/${hour}`);
  });

  test('a VNet blob has the short name by default and the id on demand', () => {
    expect(formatBlobPath('vnet', flowLog, hourMillis, '000D3AF87856')).toBe(
      `flowLogResourceID=/${subscription.toUpperCase()}_NETWORKWATCHERRG/NETWORKWATCHER_EASTUS_VNET_A-WEB-RG-FLOWLOG/${hour}`,
    );
    expect(formatBlobPath('vnet', flowLog, hourMillis, '000D3AF87856', 'long')).toBe(
      `flowLogResourceID=${flowLog.toUpperCase()}/${hour}`,
    );
  });

  test('without a MAC there is no MAC folder', () => {
    expect(formatBlobPath('nsg', nsg, hourMillis, undefined)).toBe(
      `resourceId=${nsg.toUpperCase()}/${hour.replace('/macAddress=000D3AF87856', '')}`,
    );
  });

  test('each kind has its container', () => {
    expect([containerOf('nsg'), containerOf('vnet')]).toEqual([nsgContainer, vnetContainer]);
  });
});

describe('parseBlobPath', () => {
  test.each([
    ['nsg', nsg, 'short'],
    ['vnet', flowLog, 'short'],
    ['vnet', flowLog, 'long'],
  ] as const)('reads back what was written: %s %s %s', (kind, id, form) => {
    const path = formatBlobPath(kind, id, hourMillis, '000D3AF87856', form);
    const read = { kind, resourceId: id.toUpperCase(), hourMillis, mac: '000D3AF87856' };
    const expected = kind === 'nsg' ? read : { ...read, form };
    expect(parseBlobPath(path)).toEqual(expected);
    for (const variant of [
      `${containerOf(kind)}/${path}`,
      `/${containerOf(kind)}/${path}`,
      `https://x.blob.core.windows.net/${containerOf(kind)}/${path}`,
      path.replaceAll('=', '%3D'),
      path.replaceAll('=', '%3d'),
      `${path}.gz`,
    ])
      expect(parseBlobPath(variant)).toEqual(expected);
    expect(parseBlobPath(path.toLowerCase())?.resourceId.toUpperCase()).toBe(id.toUpperCase());
    expect(parseBlobPath(path.toLowerCase())).toMatchObject({ kind, hourMillis, mac: '000D3AF87856' });
  });

  test('a path without MAC folder has no MAC', () => {
    expect(parseBlobPath(formatBlobPath('nsg', nsg, hourMillis, undefined))).toEqual({
      kind: 'nsg',
      resourceId: nsg.toUpperCase(),
      hourMillis,
      mac: undefined,
    });
  });

  test('a path with bare dates and escaped equals sign is read, its hour being the day', () => {
    expect(
      parseBlobPath(
        'resourceId%3D/subscriptions/s1/resourcegroups/g/providers/microsoft.network/networksecuritygroups/n/2017/02/16/PT1H.json',
      ),
    ).toEqual({
      kind: 'nsg',
      resourceId: '/subscriptions/s1/resourcegroups/g/providers/microsoft.network/networksecuritygroups/n',
      hourMillis: Date.UTC(2017, 1, 16),
      mac: undefined,
    });
  });

  test('the resource of an NSG path may be a VNet', () => {
    expect(
      parseBlobPath(
        'resourceId=/SUBSCRIPTIONS/sub-123/RESOURCEGROUPS/rg-prod/PROVIDERS/MICROSOFT.NETWORK/VIRTUALNETWORKS/myVnet/y=2024/m=03/d=15/h=10/m=00/macAddress=AABBCCDDEEFF/PT1H.json',
      ),
    ).toMatchObject({ kind: 'nsg', hourMillis: Date.UTC(2024, 2, 15, 10), mac: 'AABBCCDDEEFF' });
  });

  test('a short name keeps underscores of resource group and flow log', () => {
    const read = parseBlobPath(
      '/flowLogResourceID=/9C99D7C5-7653-4B53-AE61-DAEFF13D8569_MY_GROUP/NETWORKWATCHER_CENTRALINDIA_FLOW_LOG/y=2024/m=01/d=01/h=00/m=00/macAddress=001122334455/PT1H.json',
    );
    expect(parseResourceId(read?.resourceId ?? '')).toEqual({
      subscription: '9C99D7C5-7653-4B53-AE61-DAEFF13D8569',
      resourceGroup: 'MY_GROUP',
      name: 'NETWORKWATCHER_CENTRALINDIA',
      child: 'FLOW_LOG',
    });
  });

  test.each([
    'PT1H.json',
    'resourceId=/PT1H.json',
    `resourceId=${nsg}/PT1H.json`,
    `resourceId=${nsg}/y=2024/m=13/d=05/h=09/m=00/PT1H.json`,
    `resourceId=${nsg}/y=2024/m=03/d=05/h=24/m=00/PT1H.json`,
    `resourceId=${nsg}/y=2024/m=03/d=05/h=09/m=00/macAddress=zz/PT1H.json`,
    `resourceId=${nsg}/y=2024/m=03/d=05/h=09/m=00/macAddress=000D3AF87856/PT1M.json`,
    'resourceId=/not/an/arm/id/y=2024/m=03/d=05/h=09/m=00/PT1H.json',
    'flowLogResourceID=/nothing/y=2024/m=03/d=05/h=09/m=00/PT1H.json',
    '',
  ])('%s is no path of a flow log', (path) => {
    expect(parseBlobPath(path)).toBeUndefined();
  });
});

test('parseResourceId reads ids in any casing and refuses the rest', () => {
  expect(parseResourceId(nsg)).toEqual({ subscription, resourceGroup: 'web-rg', name: 'web_nsg', child: undefined });
  expect(parseResourceId(flowLog.toLowerCase())?.child).toBe('vnet_a-web-rg-flowlog');
  expect(parseResourceId('/subscriptions/x')).toBeUndefined();
  expect(parseResourceId(nsg.replaceAll('/', '//'))).toEqual(parseResourceId(nsg));
});

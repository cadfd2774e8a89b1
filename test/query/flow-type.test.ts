/** Types of flows by the places of both sides. Source: Traffic Analytics schema, "FlowType". */
import { describe, expect, test } from 'vitest';
import { flowType, flowTypeColumns } from '../../src/query/names/flow-type.ts';
import { evaluate } from '../../src/query/relation/interpret.ts';

type End = readonly [place: string | null, vnetId?: string | null, vnet?: string];

function typeOf(src: End, dst: End): unknown {
  const ends = { src, dst };
  const values = (['src', 'dst'] as const).flatMap((side) => {
    const [place, id = null, vnet = null] = ends[side];
    return [
      [`${side}_place`, place],
      [`${side}_vnet_id`, id],
      [`${side}_vnet`, vnet],
    ] as const;
  });
  const row = Object.fromEntries(values);
  expect(Object.keys(row).sort()).toEqual([...flowTypeColumns].sort());
  return evaluate(flowType(), row);
}

const a: End = ['vnet', '/subscriptions/s/v-a', 'v'];
const aInOtherCase: End = ['vnet', '/SUBSCRIPTIONS/S/V-A', 'v'];
const b: End = ['vnet', '/subscriptions/s/v-b', 'v'];

describe('the type of a flow', () => {
  test.each<[string, End, End, string | null]>([
    ['within a VNet', a, aInOtherCase, 'IntraVNet'],
    ['between VNets of the same name', a, b, 'InterVNet'],
    ['within a VNet that is known by name', ['vnet', null, 'v'], ['vnet', null, 'V'], 'IntraVNet'],
    ['between NICs whose VNets are not known', ['vnet'], ['vnet'], 'Unknown'],
    ['to a site', a, ['site'], 'S2S'],
    ['to a VPN client', a, ['client'], 'P2S'],
    ['to Azure', a, ['azure'], 'AzurePublic'],
    ['to the Internet', a, ['public'], 'ExternalPublic'],
    ['to an address on a list', a, ['malicious'], 'MaliciousFlow'],
    ['to a private address that nobody knows', a, ['private'], 'UnknownPrivate'],
    ['between private addresses that nobody knows', ['private'], ['private'], 'UnknownPrivate'],
    ['without an inventory, to the Internet', ['private'], ['public'], 'ExternalPublic'],
    ['without an inventory, to Azure', ['private'], ['azure'], 'AzurePublic'],
    ['between a list and Azure', ['malicious'], ['azure'], 'MaliciousFlow'],
    ['between sites', ['site'], ['site'], 'Unknown'],
    ['between a client and a site', ['client'], ['site'], 'Unknown'],
    ['of addresses that were not looked up', [null], [null], null],
  ])('%s', (_, src, dst, type) => {
    expect(typeOf(src, dst)).toBe(type);
    expect(typeOf(dst, src)).toBe(type);
  });
});

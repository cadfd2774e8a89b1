import { describe, expect, test } from 'vitest';
import { ipv4Address, parseAddress } from '../../src/net/address.ts';
import { compileNetwork } from '../../src/nsg/compile.ts';
import { evaluate } from '../../src/nsg/evaluate.ts';
import { nsgResourceGuid, singleNicNetwork } from '../../src/nsg/network.ts';

describe('the network of a recording without a network file', () => {
  test('has one NIC behind one NSG, named as the design says', () => {
    const network = singleNicNetwork('001122AABBCC');
    expect(network.nics).toHaveLength(1);
    expect(network.nics[0].mac).toBe('001122AABBCC');
    expect(network.nsgs.map((nsg) => nsg.id)).toEqual([
      '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/NSGFLOW/providers/Microsoft.Network/networkSecurityGroups/NSGFLOW',
    ]);
    expect(network.nsgs[0].location).toBe('local');
  });

  test('derives its MAC and GUID from ids, always the same', () => {
    const network = singleNicNetwork();
    expect(network.nics[0].mac).toMatch(/^000D3A[0-9A-F]{6}$/);
    expect(singleNicNetwork().nics[0].mac).toBe(network.nics[0].mac);
    expect(nsgResourceGuid(network.nsgs[0])).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(nsgResourceGuid(singleNicNetwork().nsgs[0])).toBe(nsgResourceGuid(network.nsgs[0]));
  });

  test('allows everything both ways by its two user rules', () => {
    const network = singleNicNetwork();
    const compiled = compileNetwork(network);
    const source = ipv4Address(0x0a010004);
    const destination = ipv4Address(0x08080808);
    for (const [way, direction] of (['inbound', 'outbound'] as const).entries()) {
      const index = compiled.decide(0, way, 4, 6, 0, 0, 0xffff, 0x0a010004, 40000, 0, 0, 0xffff, 0x08080808, 53);
      const decision = compiled.decisions[index];
      expect(decision.access).toBe('allow');
      expect(decision.rule?.logName).toBe(way === 0 ? 'UserRule_AllowAllInBound' : 'UserRule_AllowAllOutBound');
      const plain = evaluate(network, network.nics[0], direction, {
        protocol: 6,
        source,
        sourcePort: 40000,
        destination,
        destinationPort: 53,
      });
      expect(plain.rule).toBe(decision.rule);
      expect(plain.nsg).toBe(network.nsgs[0]);
    }
  });

  test('has no address, so that no packet finds its NIC by one', () => {
    const compiled = compileNetwork(singleNicNetwork());
    const address = parseAddress('10.1.0.4');
    expect(compiled.nicOf(4, ...address!.words)).toBe(-1);
  });
});

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FiveTuple } from '../../src/net/five-tuple.ts';
import type { CompiledNetwork } from '../../src/nsg/compile.ts';
import { compileNetwork } from '../../src/nsg/compile.ts';
import type { Decision } from '../../src/nsg/evaluate.ts';
import { evaluate } from '../../src/nsg/evaluate.ts';
import type { Network } from '../../src/nsg/network.ts';
import { singleNicNetwork } from '../../src/nsg/network.ts';
import { address, anyFiveTuple, anyNetwork } from './generate-network.ts';

const long = process.env['NSGFLOW_LONG'] === '1';
const networks = long ? 2000 : 60;
const flowsPerNetwork = long ? 500 : 100;

function decided(compiled: CompiledNetwork, nic: number, direction: number, flow: FiveTuple): Decision {
  const { protocol, source, sourcePort, destination, destinationPort } = flow;
  const words = [...source.words, sourcePort, ...destination.words, destinationPort] as const;
  const [s0, s1, s2, s3, sp, d0, d1, d2, d3, dp] = words;
  return compiled.decisions[
    compiled.decide(nic, direction, source.family, protocol, s0, s1, s2, s3, sp, d0, d1, d2, d3, dp)
  ];
}

function expectSame(network: Network, compiled: CompiledNetwork, nic: number, way: number, flow: FiveTuple): void {
  const plain = evaluate(network, network.nics[nic], way === 0 ? 'inbound' : 'outbound', flow);
  const fast = decided(compiled, nic, way, flow);
  if (fast.access !== plain.access || fast.nsg !== plain.nsg || fast.rule !== plain.rule)
    expect({ access: fast.access, nsg: fast.nsg?.name, rule: fast.rule?.name }).toEqual({
      access: plain.access,
      nsg: plain.nsg?.name,
      rule: plain.rule?.name,
    });
}

describe('compiled rules', () => {
  test('decide as the plain evaluator does, on generated networks', () => {
    const rulesHit = new Set<string>();
    let denied = 0;
    let evaluations = 0;
    fc.assert(
      fc.property(
        anyNetwork,
        fc.array(fc.tuple(fc.nat(4), fc.nat(1), anyFiveTuple()), {
          minLength: flowsPerNetwork,
          maxLength: flowsPerNetwork,
        }),
        (network, flows) => {
          const compiled = compileNetwork(network);
          for (const [nic, way, flow] of flows) {
            expectSame(network, compiled, nic, way, flow);
            const decision = decided(compiled, nic, way, flow);
            rulesHit.add(decision.rule?.kind ?? 'none');
            if (decision.access === 'deny') denied++;
            evaluations++;
          }
        },
      ),
      { numRuns: networks, seed: 20_260_101 },
    );
    expect([...rulesHit].sort()).toEqual(['admin', 'default', 'none', 'user']);
    expect(evaluations).toBeGreaterThanOrEqual(networks * flowsPerNetwork);
    expect(denied / evaluations).toBeGreaterThan(0.2);
    expect(denied / evaluations).toBeLessThan(0.8);
  });

  test('decide alike after rules changed, and open flows still find what decided them', () => {
    fc.assert(
      fc.property(
        anyNetwork,
        anyNetwork,
        fc.array(fc.tuple(fc.nat(4), fc.nat(1), anyFiveTuple()), { minLength: 20, maxLength: 20 }),
        fc.boolean(),
        (before, after, flows, isTold) => {
          const first = compileNetwork(before);
          const old = flows.map(([nic, way, flow]) => decided(first, nic, way, flow));
          const inUse = Uint8Array.from(first.decisions, (decision) => (old.includes(decision) ? 1 : 0));
          const second = compileNetwork(after, first, isTold ? inUse : undefined);
          for (const decision of old) {
            const now = second.decisions[first.decisions.indexOf(decision)];
            expect([now.access, now.nsg?.id, now.rule?.logName]).toEqual([
              decision.access,
              decision.nsg?.id,
              decision.rule?.logName,
            ]);
          }
          for (const [nic, way, flow] of flows) expectSame(after, second, nic, way, flow);
          if (isTold) {
            const rules = new Set(compileNetwork(after).decisions).size;
            const used = inUse.reduce((sum, one) => sum + one, 0);
            expect(second.decisions.length).toBeLessThanOrEqual(Math.max(first.decisions.length, rules + used));
          }
        },
      ),
      { numRuns: networks / 10, seed: 20_260_103 },
    );
  });

  test('find the NIC of each address, and of no other', () => {
    fc.assert(
      fc.property(anyNetwork, anyFiveTuple(), (network, flow) => {
        const compiled = compileNetwork(network);
        network.nics.forEach((nic, index) => {
          for (const own of nic.addresses) expect(compiled.nicOf(own.family, ...own.words)).toBe(index);
        });
        const owner = network.nics.findIndex((nic) =>
          nic.addresses.some(
            (own) => own.family === flow.source.family && own.words.join() === flow.source.words.join(),
          ),
        );
        expect(compiled.nicOf(flow.source.family, ...flow.source.words)).toBe(owner);
      }),
      { numRuns: 100, seed: 20_260_102 },
    );
  });

  test('tell an IPv4 address from the IPv6 address that maps it', () => {
    const network = singleNicNetwork();
    const own = address('10.1.1.4');
    const compiled = compileNetwork({ ...network, nics: [{ ...network.nics[0], addresses: [own] }] });
    expect(compiled.nicOf(4, ...own.words)).toBe(0);
    expect(compiled.nicOf(6, ...address('::ffff:10.1.1.4').words)).toBe(-1);
  });

  test('share decisions between NICs that one NSG serves', () => {
    const network = singleNicNetwork();
    const second = { ...network.nics[0], id: `${network.nics[0].id}2` };
    const compiled = compileNetwork({ ...network, nics: [network.nics[0], second] });
    expect(compiled.decisions).toHaveLength(1 + 4 + 4);
  });

  test('find a NIC among a thousand', () => {
    const network = singleNicNetwork();
    const nics = Array.from({ length: 1000 }, (_, index) => ({
      ...network.nics[0],
      id: `nic${index}`,
      addresses: [address(`10.1.${index >> 8}.${index & 255}`), address(`fd00::${index.toString(16)}`)],
    }));
    const compiled = compileNetwork({ ...network, nics });
    nics.forEach((nic, index) => {
      for (const own of nic.addresses) expect(compiled.nicOf(own.family, ...own.words)).toBe(index);
    });
    expect(compiled.nicOf(4, ...address('10.1.4.0').words)).toBe(-1);
  });
});

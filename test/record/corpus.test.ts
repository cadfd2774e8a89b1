import { describe, expect, test } from 'vitest';
import { memoryAccount } from '../../src/blob/memory.ts';
import { parsePrefix } from '../../src/net/prefix.ts';
import { captureInput } from '../../src/record/packet-input.ts';
import { record } from '../../src/record/record.ts';
import { compareWithOracle, corpusCapturePath, corpusCaptures, corpusSkipped, readOracle } from '../corpus/oracle.ts';
import { corpusDifferences, portlessReasons } from '../wire/corpus-differences.ts';
import { readAllLogs, sumLogs } from './logs.ts';

describe.skipIf(corpusSkipped !== undefined)(
  `recording the corpus of captures${corpusSkipped ? `: ${corpusSkipped}` : ''}`,
  () => {
    const names = corpusSkipped === undefined ? corpusCaptures() : [];

    test.each(names)('%s: the logs hold the packets and bytes of the oracle', async (name) => {
      const to = memoryAccount();
      const result = await record({
        input: captureInput([corpusCapturePath(name)]),
        network: undefined,
        mac: undefined,
        local: [parsePrefix('10.0.0.0/8')!],
        accountOf: () => to,
        formats: ['nsg2'],
        flowTimeoutMinutes: undefined,
      });
      const { packets, flows, observed } = result;
      const refused = Object.values(packets.refused).reduce((sum, count) => sum + count, 0);
      expect(packets.read).toBe(packets.counted + refused);
      const sums = sumLogs((await readAllLogs(to)).values());
      expect(sums.tuples).toBe(result.tuples);
      expect(sums.packets).toBe(observed.allowed);
      expect(sums.packets).toBe(packets.counted);
      expect(sums.bytes).toBe(result.bytes);
      expect(sums.begun).toBe(flows.allowed);
      const portless = portlessReasons.reduce((sum, reason) => sum + (packets.refused[reason] ?? 0), 0);
      const differences = compareWithOracle(readOracle(name), sums.directed, portless);
      expect(differences.sort()).toEqual(corpusDifferences[name]?.differences ?? []);
    });
  },
);

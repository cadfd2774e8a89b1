import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import type { Change } from '../../src/control/resources/state.ts';
import { parseAddress } from '../../src/net/address.ts';
import type { Network, UnknownTag } from '../../src/nsg/network.ts';
import { singleNicNetwork } from '../../src/nsg/network.ts';
import { watchNetwork } from '../../src/server/network-watch.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('tags that nobody knows are told at the start and after changes of NSGs, each rule once as long as it stays', () => {
  let unknownTags: UnknownTag[] = [{ tag: 'CorpNetSaw', rules: ['control plane: value[0]: NSG mi: rule a'] }];
  let looks = 0;
  let listener: (change: Change) => void = () => undefined;
  const lines: string[] = [];
  const network = (): Network => {
    looks++;
    if (unknownTags.length === 0) throw new FlowError('network-invalid', 'no network');
    return { ...singleNicNetwork(), unknownTags };
  };
  const end = watchNetwork({
    control: { network, onChange: (to) => ((listener = to), () => (listener = () => undefined)) },
    log: (line) => lines.push(line),
    tagsGiven: true,
  });
  const why = 'is not in the ServiceTags file, so it matches no address';
  expect(lines.splice(0)).toEqual([`warning: NSG mi: rule a: the service tag CorpNetSaw ${why}`]);
  const change = (type: string): void => listener({ id: 'x', type, verb: 'put', revision: 1 });
  unknownTags = [...unknownTags, { tag: 'Internt', rules: ['control plane: value[1]: NSG web: rule b'] }];
  change('Microsoft.Storage/storageAccounts');
  vi.runAllTimers();
  expect([looks, lines]).toEqual([1, []]);
  for (let i = 0; i < 50; i++) change('Microsoft.Network/networkSecurityGroups');
  vi.runAllTimers();
  expect([looks, lines.splice(0)]).toEqual([2, [`warning: NSG web: rule b: the service tag Internt ${why}`]]);
  unknownTags = unknownTags.slice(0, 1);
  change('Microsoft.Network/networkSecurityGroups');
  vi.runAllTimers();
  unknownTags = [{ tag: 'Internt', rules: ['control plane: value[1]: NSG web: rule b'] }];
  change('Microsoft.Network/networkSecurityGroups');
  vi.runAllTimers();
  expect(lines.splice(0), 'gone, and back').toHaveLength(1);
  unknownTags = [];
  change('Microsoft.Network/networkSecurityGroups');
  vi.runAllTimers();
  expect(lines.splice(0)).toEqual(['warning: the network of the control plane cannot be read: no network']);
  change('Microsoft.Network/networkSecurityGroups');
  end();
  vi.runAllTimers();
  expect(lines).toEqual([]);
});

test('of interfaces with one address, those that get no packets are told, each once as long as it stays', () => {
  const { nics, ...rest } = singleNicNetwork();
  const [address] = ['10.0.0.4'].map((text) => parseAddress(text)!);
  const all = ['a', 'b', 'c'].map((name, i) => ({ ...nics[0], name, mac: `00000000000${i}`, addresses: [address] }));
  let shown = all.slice(0, 2);
  let listener: (change: Change) => void = () => undefined;
  const lines: string[] = [];
  const end = watchNetwork({
    control: {
      network: () => ({ ...rest, nics: shown }),
      onChange: (to) => ((listener = to), () => (listener = () => undefined)),
    },
    log: (line) => lines.push(line),
    tagsGiven: true,
  });
  const warning = (name: string): string =>
    `warning: NIC ${name} has the address 10.0.0.4 of NIC a, to which its packets are counted`;
  expect(lines.splice(0)).toEqual([warning('b')]);
  shown = all;
  listener({ id: 'x', type: 'Microsoft.Network/networkInterfaces', verb: 'put', revision: 1 });
  vi.runAllTimers();
  expect(lines).toEqual([warning('c')]);
  end();
});

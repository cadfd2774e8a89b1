/**
 * Which flow log logs a flow, or why none does, at the sending and at the receiving interface. Source: facts 1.3, 1.5,
 * 3.3.
 */
import { resourceKey } from '../arm-template/resource-id.ts';
import type { JsonObject } from '../arm-template/value.ts';
import type { Address } from '../net/address.ts';
import { formatAddress, sameAddress } from '../net/address.ts';
import type { FiveTuple } from '../net/five-tuple.ts';
import { protocolTcp, protocolUdp } from '../net/protocol.ts';
import { evaluate } from '../nsg/evaluate.ts';
import type { Network, Nic } from '../nsg/network.ts';
import type { Direction } from '../nsg/rule.ts';
import { propertiesOf, textOf } from '../control/resources/resource.ts';

export interface VisibilityRow {
  /** Name of the interface; the address if there is no interface. */
  readonly at: string;
  readonly direction: Direction;
  /** `allow by AllowWeb of web`; '' if there is no interface. */
  readonly decision: string;
  readonly flowLog: string;
  readonly isShown: boolean;
  readonly finding: string;
}

/**
 * Two rows: the sender's side and the receiver's.
 * @param flowLogs as GET returns them
 */
export function explainFlow(network: Network, flowLogs: readonly JsonObject[], fiveTuple: FiveTuple): VisibilityRow[] {
  const logs = new Map(
    flowLogs.map((flowLog) => [resourceKey(textOf(propertiesOf(flowLog)['targetResourceId'])), flowLog]),
  );
  const sides = [
    { direction: 'outbound', address: fiveTuple.source },
    { direction: 'inbound', address: fiveTuple.destination },
  ] as const;
  return sides.flatMap(({ direction, address }): VisibilityRow[] => {
    const [nic, ...others] = nicsAt(network, address) as [Nic?, ...Nic[]];
    if (nic !== undefined) {
      const rows = explainAt(network, nic, direction, fiveTuple, logs);
      if (others.length === 0) return rows;
      const names = others.map(({ name }) => name).join(', ');
      return rows.map((row) => ({ ...row, finding: `${row.finding}; ${names} has the same address` }));
    }
    const finding = 'no network interface has this address, so nothing is logged on this side';
    return [{ at: formatAddress(address), direction, decision: '', flowLog: '', isShown: false, finding }];
  });
}

/** The first one is the NIC that a recording uses. */
function nicsAt(network: Network, address: Address): Nic[] {
  return network.nics.filter(({ addresses }) => addresses.some((own) => sameAddress(own, address)));
}

function explainAt(
  network: Network,
  nic: Nic,
  direction: Direction,
  fiveTuple: FiveTuple,
  logs: ReadonlyMap<string, JsonObject>,
): VisibilityRow[] {
  const { access, nsg, rule } = evaluate(network, nic, direction, fiveTuple);
  const decision =
    nsg === undefined || rule === undefined ? 'allow: no NSG applies' : `${access} by ${rule.name} of ${nsg.name}`;
  const about = { at: nic.name, direction, decision };
  if (fiveTuple.protocol !== protocolTcp && fiveTuple.protocol !== protocolUdp)
    return [{ ...about, flowLog: '', isShown: false, finding: 'flow logs contain only TCP and UDP' }];
  const nearest = [nic.id, nic.subnet?.id, nic.subnet?.virtualNetwork.id].find(
    (id) => id !== undefined && logs.has(resourceKey(id)),
  );
  const rows: VisibilityRow[] = [];
  if (nearest !== undefined) rows.push({ ...about, ...judge(logs.get(resourceKey(nearest)) ?? {}) });
  const own = nsg === undefined ? undefined : logs.get(resourceKey(nsg.id));
  if (own !== undefined) rows.push({ ...about, ...judge(own) });
  if (rows.length > 0) return rows;
  const finding =
    nsg === undefined
      ? 'no NSG applies, so it is in no NSG flow log, and this interface, its subnet and its VNet have no VNet flow log'
      : `${nsg.name} decides it and has no flow log; nor has the interface, its subnet or VNet`;
  return [{ ...about, flowLog: '', isShown: false, finding }];
}

function judge(flowLog: JsonObject): Pick<VisibilityRow, 'flowLog' | 'isShown' | 'finding'> {
  const properties = propertiesOf(flowLog);
  const name = textOf(flowLog['name']);
  if (properties['enabled'] !== true) return { flowLog: name, isShown: false, finding: 'the flow log is disabled' };
  const filters = [textOf(properties['enabledFilteringCriteria']), textOf(properties['recordTypes'])].filter(
    (text) => text !== '',
  );
  if (filters.length > 0)
    return { flowLog: name, isShown: true, finding: `shown, unless its filter leaves it out: ${filters.join('; ')}` };
  return { flowLog: name, isShown: true, finding: 'shown' };
}

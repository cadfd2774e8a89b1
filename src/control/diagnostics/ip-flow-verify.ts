/** `ipFlowVerify`: whether a packet is allowed at an interface, and the rule that decides. */
import { Type } from 'typebox';
import { resourceKey } from '../../arm-template/resource-id.ts';
import type { Json } from '../../arm-template/value.ts';
import type { Address } from '../../net/address.ts';
import { parseAddress, sameAddress } from '../../net/address.ts';
import { protocolTcp, protocolUdp } from '../../net/protocol.ts';
import { evaluate } from '../../nsg/evaluate.ts';
import type { Nic } from '../../nsg/network.ts';
import { ArmError } from '../arm-error.ts';
import type { Action } from '../resources/resource-type.ts';
import { textOf } from '../resources/resource.ts';
import { words } from '../resources/schema.ts';
import { nicsOf } from './find-nic.ts';

export const ipFlowVerify: Action = {
  name: 'ipFlowVerify',
  long: true,
  schema: Type.Object({
    targetResourceId: Type.String(),
    direction: words(['Inbound', 'Outbound']),
    protocol: words(['TCP', 'UDP']),
    localPort: Type.String(),
    remotePort: Type.String(),
    localIPAddress: Type.String(),
    remoteIPAddress: Type.String(),
    targetNicResourceId: Type.Optional(Type.String()),
  }),
  run({ body, view }) {
    const local = { address: readAddress(body, 'localIPAddress'), port: readPort(body, 'localPort') };
    const remote = { address: readAddress(body, 'remoteIPAddress'), port: readPort(body, 'remotePort') };
    const nic = pickNic(
      nicsOf(view, textOf(body['targetResourceId'])),
      textOf(body['targetNicResourceId']),
      local.address,
    );
    const isInbound = body['direction'] === 'Inbound';
    const [source, destination] = isInbound ? [remote, local] : [local, remote];
    const { access, rule } = evaluate(view.network(), nic, isInbound ? 'inbound' : 'outbound', {
      protocol: body['protocol'] === 'TCP' ? protocolTcp : protocolUdp,
      source: source.address,
      sourcePort: source.port,
      destination: destination.address,
      destinationPort: destination.port,
    });
    const list = rule?.kind === 'user' ? 'securityRules' : 'defaultSecurityRules';
    return {
      access: access === 'allow' ? 'Allow' : 'Deny',
      ruleName: rule === undefined ? '' : `${list}/${rule.name}`,
    };
  },
};

/**
 * The named interface, the one with the local address, or the first.
 * @throws InvalidRequestContent
 */
function pickNic(nics: readonly Nic[], wanted: string, local: Address): Nic {
  if (wanted === '') return nics.find(({ addresses }) => addresses.some((own) => sameAddress(own, local))) ?? nics[0];
  const nic = nics.find(({ id }) => resourceKey(id) === resourceKey(wanted));
  if (nic !== undefined) return nic;
  throw new ArmError('InvalidRequestContent', `The network interface ${wanted.slice(0, 400)} is none of the target.`, {
    target: 'targetNicResourceId',
  });
}

function readAddress(body: Readonly<Record<string, Json>>, field: string) {
  const address = parseAddress(textOf(body[field]));
  if (address !== undefined) return address;
  throw new ArmError(
    'InvalidRequestContent',
    `'${textOf(body[field]).slice(0, 60)}' of ${field} is not an IP address.`,
    {
      target: field,
    },
  );
}

/** `*` means any port; 0 is used. */
function readPort(body: Readonly<Record<string, Json>>, field: string): number {
  const text = textOf(body[field]);
  if (text === '*') return 0;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 65_536;
  if (port < 65_536) return port;
  throw new ArmError('InvalidRequestContent', `'${text.slice(0, 60)}' of ${field} is not a port.`, { target: field });
}

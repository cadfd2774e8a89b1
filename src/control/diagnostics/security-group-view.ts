/**
 * `securityGroupView` of a virtual machine: for each of its interfaces, the rules of its own NSG and of its subnet's
 * NSG.
 */
import { Type } from 'typebox';
import type { Json } from '../../arm-template/value.ts';
import type { Network, Nic, Nsg } from '../../nsg/network.ts';
import type { Action } from '../resources/resource-type.ts';
import { textOf } from '../resources/resource.ts';
import { nicsOf } from './find-nic.ts';
import { effectiveRuleShapes, ruleShape } from './rule-shape.ts';

export const securityGroupView: Action = {
  name: 'securityGroupView',
  long: true,
  schema: Type.Object({ targetResourceId: Type.String() }),
  run({ body, view }) {
    const network = view.network();
    return {
      networkInterfaces: nicsOf(view, textOf(body['targetResourceId'])).map((nic) => interfaceView(network, nic)),
    };
  },
};

function interfaceView(network: Network, nic: Nic): Json {
  const nsgs = [nic.subnet?.nsg, nic.nsg].filter((nsg): nsg is Nsg => nsg !== undefined);
  const defaults = nsgs.slice(0, 1).flatMap((nsg) => rulesOf(nsg, 'default'));
  return {
    id: nic.id,
    securityRuleAssociations: {
      ...(nic.nsg === undefined
        ? {}
        : { networkInterfaceAssociation: { id: nic.id, securityRules: rulesOf(nic.nsg, 'user') } }),
      ...(nic.subnet?.nsg === undefined
        ? {}
        : { subnetAssociation: { id: nic.subnet.id, securityRules: rulesOf(nic.subnet.nsg, 'user') } }),
      defaultSecurityRules: defaults,
      effectiveSecurityRules: nsgs.flatMap((nsg) => effectiveRuleShapes(network, nic, nsg)),
    },
  };
}

function rulesOf(nsg: Nsg, kind: 'user' | 'default'): Json[] {
  return [...nsg.inboundRules, ...nsg.outboundRules]
    .filter((rule) => rule.kind === kind)
    .map((rule) => ruleShape(rule, nsg.id));
}

/**
 * Load balancers: stored as requested, with ids for their parts. Frontends and rules decide which NICs are reachable
 * from outside; no traffic is balanced here.
 */
import { Type } from 'typebox';
import { defineType, networkName, resourceSchema } from '../resources/resource-type.ts';

const partLists = [
  'frontendIPConfigurations',
  'backendAddressPools',
  'loadBalancingRules',
  'probes',
  'inboundNatRules',
  'inboundNatPools',
  'outboundRules',
] as const;

const partSchema = Type.Object({ name: Type.String(), properties: Type.Optional(Type.Object({})) });
const listSchema = Type.Array(partSchema, { default: [], maxItems: 1500 });

export const loadBalancer = defineType({
  type: 'Microsoft.Network/loadBalancers',
  scope: 'group',
  name: networkName,
  location: 'required',
  schema: resourceSchema(
    Type.Object(
      {
        frontendIPConfigurations: listSchema,
        backendAddressPools: listSchema,
        loadBalancingRules: listSchema,
        probes: listSchema,
        inboundNatRules: listSchema,
        inboundNatPools: listSchema,
        outboundRules: listSchema,
      },
      { default: {} },
    ),
  ),
  deleteStatus: 200,
  changes: 'network',
  complete: ({ properties }, { id }) => ({
    properties: {
      ...properties,
      ...Object.fromEntries(
        partLists.map((list) => [
          list,
          properties[list].map((part) => ({ ...part, id: `${id}/${list}/${part.name}` })),
        ]),
      ),
    },
  }),
});

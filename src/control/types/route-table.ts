/** Route tables: their destinations extend the tag VirtualNetwork of their subnets; no traffic is routed here. */
import { Type } from 'typebox';
import { defineType, networkName, resourceSchema } from '../resources/resource-type.ts';
import { words } from '../resources/schema.ts';

const routeSchema = Type.Object({
  name: Type.String(),
  properties: Type.Object({
    addressPrefix: Type.String(),
    nextHopType: words(['VirtualNetworkGateway', 'VnetLocal', 'Internet', 'VirtualAppliance', 'None']),
    nextHopIpAddress: Type.Optional(Type.String()),
  }),
});

export const routeTable = defineType({
  type: 'Microsoft.Network/routeTables',
  scope: 'group',
  name: networkName,
  location: 'required',
  schema: resourceSchema(
    Type.Object(
      {
        disableBgpRoutePropagation: Type.Boolean({ default: false }),
        routes: Type.Array(routeSchema, { default: [], maxItems: 1000 }),
      },
      { default: {} },
    ),
  ),
  deleteStatus: 200,
  changes: 'network',
  children: [{ type: 'Microsoft.Network/routeTables/routes', list: 'routes', name: networkName }],
  complete: ({ properties }) => ({ properties }),
});

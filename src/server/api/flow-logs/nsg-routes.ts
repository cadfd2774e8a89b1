/** NSGs and their rules, as the control plane has them. */
import { Type } from 'typebox';
import { effectiveRules } from '../../../nsg/effective-rules.ts';
import { ApiError } from '../api-error.ts';
import { defineRoute } from '../route.ts';
import type { Route } from '../route.ts';
import { words } from '../schema.ts';
import { serviceOf } from '../service-of.ts';
import { sameId } from './flow-log.ts';

const access = words(['allow', 'deny']);

export const nsgRoutes: readonly Route[] = [
  defineRoute(
    {
      method: 'GET',
      path: '/nsgs',
      about: 'NSGs: where they are attached, and which flow log each has.',
      access: 'viewer',
      needsService: true,
      answer: Type.Array(
        Type.Object({
          name: Type.String(),
          attachedTo: Type.Array(Type.String()),
          nics: Type.Integer(),
          flowLog: Type.Optional(Type.Object({ id: Type.String(), name: Type.String() })),
          rules: Type.Integer(),
        }),
      ),
    },
    (context) => {
      const { control } = serviceOf(context);
      const network = control.network();
      const { flowLogs } = control.snapshot();
      return network.nsgs.map((nsg) => {
        const subnets = network.subnets.filter((subnet) => subnet.nsg === nsg);
        const own = network.nics.filter((nic) => nic.nsg === nsg);
        const nics = network.nics.filter(
          (nic) => nic.nsg === nsg || (nic.subnet !== undefined && subnets.includes(nic.subnet)),
        );
        const flowLog = flowLogs.find(({ targetId }) => sameId(targetId, nsg.id));
        return {
          name: nsg.name,
          attachedTo: [...subnets, ...own].map(({ name }) => name),
          nics: nics.length,
          ...(flowLog === undefined
            ? {}
            : { flowLog: { id: flowLog.id, name: flowLog.id.slice(flowLog.id.lastIndexOf('/') + 1) } }),
          rules: nsg.inboundRules.length + nsg.outboundRules.length,
        };
      });
    },
  ),
  defineRoute(
    {
      method: 'GET',
      path: '/nsgs/:name/rules',
      about: 'The rules of an NSG in the order in which they are evaluated, with the default rules.',
      access: 'viewer',
      needsService: true,
      answer: Type.Array(
        Type.Object({
          name: Type.String(),
          direction: words(['inbound', 'outbound']),
          priority: Type.Integer(),
          access,
          protocol: Type.String(),
          source: Type.String(),
          destination: Type.String(),
          ports: Type.String(),
          isDefault: Type.Boolean(),
        }),
      ),
    },
    (context, { params }) => {
      const wanted = (params['name'] ?? '').toLowerCase();
      const nsg = serviceOf(context)
        .control.network()
        .nsgs.find(({ name }) => name.toLowerCase() === wanted);
      if (nsg === undefined) throw new ApiError(404, 'not-found', `there is no NSG ${JSON.stringify(wanted)}`);
      return effectiveRules(nsg).map((row) => ({
        name: row.name,
        direction: row.direction.toLowerCase(),
        priority: row.priority,
        access: row.access.toLowerCase(),
        protocol: row.protocol,
        source: row.source,
        destination: row.destination,
        ports: row.destinationPorts,
        isDefault: row.kind === 'default',
      }));
    },
  ),
];

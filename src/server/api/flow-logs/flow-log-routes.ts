/** Flow logs: list, choices, create, change, delete. */
import { Type } from 'typebox';
import { resourceName } from '../../../arm-template/resource-id.ts';
import type { JsonObject } from '../../../arm-template/value.ts';
import { networkVersion } from '../../../advise/resource-manager.ts';
import { objectsOf, propertiesOf, textOf } from '../../../control/resources/resource.ts';
import { locationOf } from '../../../control/resources/resource-path.ts';
import { ApiError } from '../api-error.ts';
import type { ServiceParts } from '../context.ts';
import { defineRoute } from '../route.ts';
import type { Route } from '../route.ts';
import { serviceOf } from '../service-of.ts';
import { lastBlockMillis } from './blobs.ts';
import { changedFlowLog, flowLogBody, flowLogOf, flowLogSchema, sameId, targetOf } from './flow-log.ts';

const place = Type.Object({ id: Type.String(), name: Type.String(), location: Type.String() });

interface Target {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly location: string;
}

/** What a flow log can watch. */
async function targetsOf({ arm }: ServiceParts): Promise<Target[]> {
  const { nsgs, virtualNetworks, nics } = await arm.network();
  const target = (id: string, location: string): Target => ({ id, ...targetOf(id), location });
  const of = (resource: JsonObject): Target => target(textOf(resource['id']), placeOf(resource));
  return [
    ...nsgs.map(of),
    ...virtualNetworks.flatMap((network) => [
      of(network),
      ...objectsOf(propertiesOf(network)['subnets']).map((subnet) => target(textOf(subnet['id']), placeOf(network))),
    ]),
    ...nics.map(of),
  ];
}

function placeOf(resource: JsonObject): string {
  return locationOf(textOf(resource['location']));
}

/** @throws ApiError 404 */
async function pathOf(service: ServiceParts, location: string, name: string): Promise<string> {
  const watcher = (await service.arm.watchers()).find((one) => one.location === location);
  if (watcher !== undefined) return `${watcher.id}/flowLogs/${encodeURIComponent(name)}`;
  throw new ApiError(404, 'not-found', `there is no network watcher in ${location}`, {
    field: '/target/id',
    hint: 'It comes with the first virtual network, NSG or network interface in the region.',
  });
}

const flowLogId =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.Network\/networkWatchers\/[^/]+\/flowLogs\/[^/?#]+$/i;

export const flowLogRoutes: readonly Route[] = [
  defineRoute(
    {
      method: 'GET',
      path: '/flow-logs',
      about: 'All flow logs, and whether their blocks arrive.',
      access: 'viewer',
      needsService: true,
      answer: Type.Array(flowLogSchema),
    },
    async (context) => {
      const { arm, control, accounts } = serviceOf(context);
      const { storageAccounts } = control.snapshot();
      return await Promise.all(
        (await arm.flowLogs()).map(async (resource) => {
          const state = control.flowLog(textOf(resource['id']));
          const account = storageAccounts.find(({ id }) => sameId(id, textOf(propertiesOf(resource)['storageId'])));
          const last = state === undefined ? undefined : await lastBlockMillis(accounts, state);
          return flowLogOf(resource, state, account?.location, last);
        }),
      );
    },
  ),
  defineRoute(
    {
      method: 'GET',
      path: '/flow-logs/choices',
      about: 'What a flow log can watch, and where its blobs can go.',
      access: 'viewer',
      needsService: true,
      answer: Type.Object({
        targets: Type.Array(
          Type.Object({ id: Type.String(), kind: Type.String(), name: Type.String(), location: Type.String() }),
        ),
        accounts: Type.Array(place),
        watchers: Type.Array(place),
        workspaces: Type.Array(place),
      }),
    },
    async (context) => {
      const service = serviceOf(context);
      const { control, arm } = service;
      return {
        targets: await targetsOf(service),
        accounts: control.snapshot().storageAccounts.map(({ id, name, location }) => ({ id, name, location })),
        watchers: (await arm.watchers()).map(({ id, name, location }) => ({ id, name, location })),
        workspaces: control.workspaces().map(({ id, name, location }) => ({ id, name, location })),
      };
    },
  ),
  defineRoute(
    {
      method: 'PUT',
      path: '/flow-logs',
      about: 'Creates or changes a flow log, with all checks of Azure Resource Manager; errors name the field.',
      access: 'operator',
      needsService: true,
      body: flowLogBody,
      answer: Type.Object({ id: Type.String(), name: Type.String() }),
    },
    async (context, { body }) => {
      const service = serviceOf(context);
      const target = (await targetsOf(service)).find(({ id }) => sameId(id, body.target.id));
      const location = locationOf(
        body.location === undefined || body.location === '' ? (target?.location ?? '') : body.location,
      );
      if (location === '')
        throw new ApiError(404, 'not-found', `there is no ${resourceName(body.target.id)} to log`, {
          field: '/target/id',
        });
      const path = await pathOf(service, location, body.name);
      const before = await service.arm.get(path, networkVersion);
      const workspace = service.control.workspaces().find((one) => one.location === location);
      const made = await service.arm.put(path, changedFlowLog(before, body, location, workspace?.id));
      return { id: textOf(made['id']), name: textOf(made['name']) };
    },
  ),
  defineRoute(
    {
      method: 'DELETE',
      path: '/flow-logs',
      about: 'Deletes a flow log. Its blobs stay.',
      access: 'operator',
      needsService: true,
      query: Type.Object({ id: Type.String({ minLength: 1, maxLength: 1000 }) }),
    },
    async (context, { query: { id } }) => {
      const { arm } = serviceOf(context);
      if (!flowLogId.test(id) || (await arm.get(id, networkVersion)) === undefined)
        throw new ApiError(404, 'not-found', `there is no flow log ${resourceName(id)}`);
      await arm.delete(id);
    },
  ),
];

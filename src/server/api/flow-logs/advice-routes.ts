/** What is logged and what is not, the way to VNet flow logs, and why something does not arrive. */
import { Type } from 'typebox';
import { checkFlowLog } from '../../../advise/check-flow-log.ts';
import { checkLake } from '../../../advise/check-lake.ts';
import { coverageOf } from '../../../advise/coverage.ts';
import { migratedBody, planMigration } from '../../../advise/migration.ts';
import type { MigrationStep } from '../../../advise/migration.ts';
import { networkVersion } from '../../../advise/resource-manager.ts';
import { FlowError } from '../../../base/errors.ts';
import { propertiesOf, textOf } from '../../../control/resources/resource.ts';
import type { ServiceParts } from '../context.ts';
import { defineRoute } from '../route.ts';
import type { Route } from '../route.ts';
import { words } from '../schema.ts';
import { serviceOf } from '../service-of.ts';
import { disabledFlowLog } from './flow-log.ts';

const step = Type.Object({
  step: words(['create', 'disable', 'keep']),
  name: Type.String(),
  location: Type.String(),
  targetId: Type.String(),
  reason: Type.String(),
});

const check = Type.Object({
  flowLog: Type.Optional(Type.String()),
  check: Type.String(),
  state: words(['ok', 'wrong', 'unknown']),
  finding: Type.String(),
});

function shownStep({ step: what, name, location, targetId, reason }: MigrationStep) {
  return { step: what, name, location, targetId, reason };
}

/** New flow logs come before the old ones end, so that nothing is missed. */
async function take({ arm }: ServiceParts, one: MigrationStep): Promise<void> {
  if (one.step === 'keep') return;
  if (one.step === 'disable') {
    const id = textOf(one.from['id']);
    const before = await arm.get(id, networkVersion);
    if (before !== undefined) await arm.put(id, disabledFlowLog(before));
    return;
  }
  const watcher = (await arm.watchers()).find(({ location }) => location === one.location);
  if (watcher === undefined) throw new FlowError('not-found', `there is no network watcher in ${one.location}`);
  await arm.put(`${watcher.id}/flowLogs/${encodeURIComponent(one.name)}`, {
    location: one.location,
    properties: propertiesOf(migratedBody(one)),
  });
}

export const adviceRoutes: readonly Route[] = [
  defineRoute(
    {
      method: 'GET',
      path: '/coverage',
      about: 'NSGs, VNets, subnets and NICs: logged, half, twice, or not.',
      access: 'viewer',
      needsService: true,
      answer: Type.Array(
        Type.Object({
          kind: words(['NSG', 'VNet', 'subnet', 'NIC']),
          name: Type.String(),
          status: words(['logged', 'not logged', 'half', 'twice', 'unused']),
          flowLogs: Type.Array(Type.String()),
          note: Type.String(),
        }),
      ),
    },
    async (context) => coverageOf(await serviceOf(context).arm.network()),
  ),
  defineRoute(
    {
      method: 'GET',
      path: '/migration',
      about: 'The steps from NSG flow logs to VNet flow logs.',
      access: 'viewer',
      needsService: true,
      answer: Type.Array(step),
    },
    async (context) => planMigration(await serviceOf(context).arm.network(), true).map(shownStep),
  ),
  defineRoute(
    {
      method: 'POST',
      path: '/migration/apply',
      about: 'Takes all steps from NSG flow logs to VNet flow logs.',
      access: 'operator',
      needsService: true,
      body: Type.Object({}),
      answer: Type.Array(step),
    },
    async (context) => {
      const service = serviceOf(context);
      const steps = planMigration(await service.arm.network(), true);
      for (const one of steps) await take(service, one);
      return steps.map(shownStep);
    },
  ),
  defineRoute(
    {
      method: 'GET',
      path: '/doctor',
      about: 'Why a flow log has no blobs: the checks of nsgflow doctor.',
      access: 'viewer',
      needsService: true,
      answer: Type.Array(check),
    },
    async (context) => {
      const { arm, dataFolder } = serviceOf(context);
      const resources = await arm.network();
      const found: object[] = [];
      for (const flowLog of resources.flowLogs)
        for (const one of await checkFlowLog(arm, flowLog, resources, dataFolder, context.now()))
          found.push({ flowLog: textOf(flowLog['name']), ...one });
      const { folder } = context.lake;
      const ofLake = folder === undefined ? [] : await checkLake(folder).catch(noLakeYet);
      return [...found, ...ofLake];
    },
  ),
];

function noLakeYet(error: unknown): [] {
  if (error instanceof FlowError && error.code === 'not-found') return [];
  throw error;
}

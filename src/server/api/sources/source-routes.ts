/** What is read from where: accounts, lag, rejects, the spool, counters, and the gaps as a calendar. */
import { Type } from 'typebox';
import { ingestStatus } from '../../../advise/ingest-status.ts';
import type { FlowLogStatus } from '../../../advise/ingest-status.ts';
import { limits } from '../../../base/limits.ts';
import { hourMillis } from '../../../base/time.ts';
import type { FlowLogState } from '../../../control/resources/snapshot.ts';
import { selectsAll } from '../../../source/selection.ts';
import { ApiError } from '../api-error.ts';
import type { ApiContext } from '../context.ts';
import { readRange } from '../questions/time-range.ts';
import { defineRoute } from '../route.ts';
import type { Route } from '../route.ts';
import { words } from '../schema.ts';
import { serviceOf } from '../service-of.ts';
import { calendarOf } from './calendar.ts';

const lateSeconds = 15 * 60;

/** What paths of blobs name: an NSG, or the VNet flow log. */
function resourceOf({ format, id, targetId }: FlowLogState): string {
  return (format === 'vnet' ? id : targetId).toUpperCase();
}

async function statusOf(context: ApiContext): Promise<readonly FlowLogStatus[]> {
  const lake = await context.lake.lake();
  return lake === undefined ? [] : await ingestStatus(lake, [], selectsAll);
}

function counters(context: ApiContext): { group: string; reason: string; count: number }[] {
  const { recorder, ingester } = serviceOf(context);
  const { packets, refused, delivered, delivery } = recorder.figures();
  const read = ingester?.figures();
  return [
    { group: 'recorder', reason: 'packets', count: packets },
    ...Object.entries(refused).map(([reason, count]) => ({ group: 'recorder', reason, count })),
    { group: 'delivery', reason: 'delivered', count: delivered },
    { group: 'delivery', reason: 'dropped', count: delivery?.dropped.blocks ?? 0 },
    { group: 'delivery', reason: 'refused', count: delivery?.refused.blocks ?? 0 },
    ...(read === undefined
      ? []
      : (['tuples', 'mended', 'rejected'] as const).map((reason) => ({
          group: 'ingest',
          reason,
          count: read[reason],
        }))),
  ];
}

export const sourceRoutes: readonly Route[] = [
  defineRoute(
    {
      method: 'GET',
      path: '/sources',
      about: 'Accounts that are read: blobs, lag, rejects; the spool, and counters by reason.',
      access: 'viewer',
      needsService: true,
      answer: Type.Object({
        lagSeconds: Type.Optional(Type.Integer()),
        rejected: Type.Integer(),
        spoolBytes: Type.Integer(),
        sources: Type.Array(
          Type.Object({
            name: Type.String(),
            kind: words(['account']),
            location: Type.String(),
            blobs: Type.Integer(),
            bytesRead: Type.Integer(),
            lastBlock: Type.Optional(Type.String()),
            lagSeconds: Type.Optional(Type.Integer()),
            state: words(['ok', 'late', 'error']),
            error: Type.Optional(Type.String()),
          }),
        ),
        counters: Type.Array(
          Type.Object({
            group: words(['recorder', 'delivery', 'ingest']),
            reason: Type.String(),
            count: Type.Integer(),
          }),
        ),
      }),
    },
    async (context) => {
      const { control, recorder } = serviceOf(context);
      const { flowLogs, storageAccounts } = control.snapshot();
      const status = await statusOf(context);
      const lagOf = (newest: number): number => Math.max(0, Math.round((context.now() - newest) / 1000));
      const sources = storageAccounts.map(({ name, location }) => {
        const own = flowLogs.filter(({ storage }) => storage === name);
        const resources = new Set(own.map(resourceOf));
        const read = status.filter(({ resourceId }) => resources.has(resourceId));
        const newest = Math.max(...read.map(({ newestMillis }) => newestMillis ?? -Infinity));
        const stopped = own.find(({ enabled, delivery }) => enabled && delivery !== 'ok');
        const lag = Number.isFinite(newest) ? lagOf(newest) : undefined;
        const isLate = lag !== undefined && lag > lateSeconds && own.some(({ enabled }) => enabled);
        return {
          name,
          kind: 'account',
          location,
          blobs: read.reduce((sum, { blobs }) => sum + blobs, 0),
          bytesRead: read.reduce((sum, { readBytes }) => sum + readBytes, 0),
          ...(lag === undefined ? {} : { lastBlock: new Date(newest).toISOString(), lagSeconds: lag }),
          state: stopped === undefined ? (isLate ? 'late' : 'ok') : 'error',
          ...(stopped === undefined || stopped.delivery === 'ok' ? {} : { error: sentences[stopped.delivery.stopped] }),
        };
      });
      const newest = Math.max(...status.map(({ newestMillis }) => newestMillis ?? -Infinity));
      return {
        ...(Number.isFinite(newest) ? { lagSeconds: lagOf(newest) } : {}),
        rejected: status.reduce((sum, { rejected }) => sum + rejected, 0),
        spoolBytes: recorder.figures().delivery?.spoolBytes ?? 0,
        sources,
        counters: counters(context),
      };
    },
  ),
  defineRoute(
    {
      method: 'GET',
      path: '/sources/calendar',
      about: "Hours of each NIC's log: present, quiet, missing or unknown, with the missing minutes.",
      access: 'viewer',
      query: Type.Object({ from: Type.String({ maxLength: 60 }), to: Type.Optional(Type.String({ maxLength: 60 })) }),
      answer: Type.Object({
        hours: Type.Array(Type.Integer()),
        logs: Type.Array(
          Type.Object({
            name: Type.String(),
            mac: Type.String(),
            complete: Type.Number(),
            cells: Type.Array(
              Type.Union([
                Type.Null(),
                Type.Object({
                  state: words(['present', 'quiet', 'missing', 'unknown']),
                  missingMinutes: Type.Integer(),
                  minutes: Type.Optional(Type.Array(Type.Integer())),
                  reason: Type.Optional(Type.String()),
                }),
              ]),
            ),
          }),
        ),
      }),
    },
    async (context, { query }) => {
      const now = context.now();
      const { start = 0, end = now } = readRange(query, now);
      if (end - start > limits.consoleCalendarHoursMax * hourMillis)
        throw new ApiError(400, 'usage', `the calendar has at most ${limits.consoleCalendarHoursMax} hours`, {
          field: '/from',
          hint: 'Shorten the range.',
        });
      const lake = await context.lake.lake();
      return lake === undefined ? { hours: [], logs: [] } : await calendarOf(lake, start, end);
    },
  ),
];

const sentences = {
  'key-rotated': 'The key was regenerated: blocks wait in the spool. Switch the flow logs off and on.',
  firewall: 'The firewall lets nothing in: blocks wait in the spool.',
  'storage-account-missing': 'The account does not exist.',
} as const;

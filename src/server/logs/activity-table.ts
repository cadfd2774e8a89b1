/** AzureActivity, the activity log, of which nsgflow has no rows: the health check of Grafana's data source asks for it. */
import type { KqlTable } from '../../query/kql/table.ts';
import { scalarOf } from '../../query/kql/type.ts';
import { values } from '../../query/relation/build.ts';

const strings =
  'ActivityStatusValue Caller CategoryValue Level OperationNameValue ResourceGroup ResourceProviderValue SubscriptionId Type _ResourceId';

const columns = [
  { name: 'TimeGenerated', type: 'datetime', column: 'k_timegenerated' } as const,
  ...strings.split(' ').map((name) => ({ name, type: 'string', column: `k_${name.toLowerCase()}` }) as const),
];

const empty = values(
  columns.map(({ column, type }) => ({ name: column, type: scalarOf(type) })),
  [],
);

export const activityTable: KqlTable = {
  name: 'AzureActivity',
  about: 'The activity log: always empty here',
  columns,
  relation: () => empty,
};

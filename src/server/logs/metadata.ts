import type { WorkspaceState } from '../../control/types/workspace.ts';
import type { LogsTable } from './logs-engine.ts';

/** The answer of `/metadata`: tables with their columns, for editors of queries. Source: Azure Monitor, "Metadata - Get". */
export function metadataBody(workspace: WorkspaceState, tables: readonly LogsTable[]): object {
  const { customerId, id, name, location } = workspace;
  return {
    tableGroups: [
      { id: 'nsgflow', name: 'nsgflow', displayName: 'nsgflow', tables: tables.map((table) => tableId(table)) },
    ],
    tables: tables.map((table) => ({
      id: tableId(table),
      name: table.name,
      description: table.about,
      ...(hasTime(table) ? { timespanColumn: timeColumn } : {}),
      hasData: true,
      properties: {},
      columns: table.columns.map((column) => ({ name: column.name, type: column.type })),
    })),
    functions: [],
    categories: [],
    queries: [],
    solutions: [],
    resourceTypes: [],
    workspaces: [
      {
        id: customerId,
        ...(id === '' ? {} : { resourceId: id }),
        name,
        region: location,
        related: { tables: tables.map((table) => tableId(table)) },
      },
    ],
  };
}

const timeColumn = 'TimeGenerated';

function hasTime({ columns }: LogsTable): boolean {
  return columns.some(({ name }) => name === timeColumn);
}

function tableId({ name }: LogsTable): string {
  return `tables/${name}`;
}

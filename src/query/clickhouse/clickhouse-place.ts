/**
 * Where a ClickHouse server is, and how it finds a lake.
 *
 *   --engine clickhouse://HOST:8443[?cluster=NAME&secure=0]     account: CLICKHOUSE_USER, CLICKHOUSE_PASSWORD
 *   --lake /path/on/the/server                                  deltaLakeLocal
 *   --lake https://ACCOUNT.blob.core.windows.net/CONTAINER/PATH deltaLakeAzure; AZURE_STORAGE_CONNECTION_STRING
 *   --lake collection:NAME/FOLDER                               deltaLakeAzure with a named collection of the server: account and container
 *
 * The table of tuples lies in the folder `tuples` of the lake. With a cluster, deltaLakeAzureCluster: its nodes share the files among them.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FlowError } from '../../base/errors.ts';
import { flowsName, tuplesName } from '../../lake/delta/table-place.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Server {
  /** Of the HTTP interface. */
  readonly url: string;
  readonly cluster: string | undefined;
}

/** @throws usage */
export function parseEngineUrl(text: string): Server {
  const wrong = (what: string): FlowError =>
    new FlowError('usage', `--engine ${what}`, {
      hint: 'Such as clickhouse://host:8443, or clickhouse://host:8443?cluster=NAME.',
    });
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw wrong('is no URL');
  }
  if (url.protocol !== 'clickhouse:' || url.hostname === '') throw wrong('takes clickhouse://HOST:PORT');
  if (url.username !== '' || url.password !== '')
    throw new FlowError('usage', '--engine takes no credentials', {
      hint: 'Set CLICKHOUSE_USER and CLICKHOUSE_PASSWORD in the environment.',
    });
  const secure = url.searchParams.get('secure') !== '0';
  const port = url.port === '' ? (secure ? '8443' : '8123') : url.port;
  return {
    url: `${secure ? 'https' : 'http'}://${url.hostname}:${port}`,
    cluster: url.searchParams.get('cluster') ?? undefined,
  };
}

/** Table functions by which the server reads a table, and the names of the files of its log. */
export interface TablePlaces {
  readonly table: string;
  readonly log: string;
}

export interface LakeTables {
  readonly tuples: TablePlaces;
  readonly flows: TablePlaces;
  /** Values that the functions name. */
  readonly values: Readonly<Record<string, string>>;
}

const logFiles = '_delta_log/*.json';

/** @throws usage */
export function lakeTables(lake: string, cluster: string | undefined, environment: Environment): LakeTables {
  const name = cluster === undefined ? 'deltaLakeAzure' : 'deltaLakeAzureCluster';
  const first = cluster === undefined ? '' : '{lake_cluster:String}, ';
  const ofCluster = cluster === undefined ? {} : { lake_cluster: cluster };
  if (lake.startsWith('collection:')) {
    const [collection, ...path] = lake.slice('collection:'.length).split('/');
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(collection))
      throw new FlowError('usage', `${JSON.stringify(collection)} is no name of a named collection`, {
        hint: 'Such as collection:NAME/FOLDER, where FOLDER is the place of the lake in the container.',
      });
    const places = (folder: string): TablePlaces => ({
      table: `${name}(${first}${collection}, blob_path = {${folder}_path:String})`,
      log: `azureBlobStorage(${collection}, blob_path = {${folder}_log:String}, format = 'One')`,
    });
    const parts = path.filter((part) => part !== '');
    return {
      tuples: places(tuplesName),
      flows: places(flowsName),
      values: { ...ofCluster, ...pathsOf([...parts, tuplesName].join('/'), [...parts, flowsName].join('/')) },
    };
  }
  if (/^https?:\/\//.test(lake)) {
    const url = new URL(lake);
    const [container, ...path] = decodeURIComponent(url.pathname)
      .split('/')
      .filter((part) => part !== '');
    if (container === undefined || path.length === 0 || url.search !== '')
      throw new FlowError('usage', '--lake as a URL names account, container and folder, without a SAS', {
        hint: 'https://ACCOUNT.blob.core.windows.net/CONTAINER/FOLDER; credentials come from the environment.',
      });
    const account = '{lake_account:String}, {lake_container:String}';
    const places = (folder: string): TablePlaces => ({
      table: `${name}(${first}${account}, {${folder}_path:String})`,
      log: `azureBlobStorage(${account}, {${folder}_log:String}, 'One')`,
    });
    return {
      tuples: places(tuplesName),
      flows: places(flowsName),
      values: {
        ...ofCluster,
        lake_account: environment['AZURE_STORAGE_CONNECTION_STRING'] ?? url.origin,
        lake_container: container,
        ...pathsOf([...path, tuplesName].join('/'), [...path, flowsName].join('/')),
      },
    };
  }
  if (cluster !== undefined)
    throw new FlowError('usage', 'a cluster reads a lake in Azure Storage, not a folder of one server');
  const places = (folder: string): TablePlaces => ({
    table: `deltaLakeLocal({${folder}_path:String})`,
    log: `file({${folder}_log:String}, One)`,
  });
  return {
    tuples: places(tuplesName),
    flows: places(flowsName),
    values: pathsOf(tuplesFolder(lake), join(lake, flowsName)),
  };
}

function pathsOf(tuples: string, flows: string): Record<string, string> {
  return {
    tuples_path: tuples,
    tuples_log: `${tuples}/${logFiles}`,
    flows_path: flows,
    flows_log: `${flows}/${logFiles}`,
  };
}

/** In a folder of the server, which this machine may see too: then it tells a lake that older versions of nsgflow made. */
function tuplesFolder(lake: string): string {
  const folder = join(lake, tuplesName);
  return existsSync(join(lake, '_delta_log')) && !existsSync(join(folder, '_delta_log')) ? lake : folder;
}

/** Whether the lake is a folder of this machine that holds one. */
export function isLakeHere(lake: string): boolean {
  return [lake, join(lake, tuplesName)].some((folder) => existsSync(join(folder, '_delta_log')));
}

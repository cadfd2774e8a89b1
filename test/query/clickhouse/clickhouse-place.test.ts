import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { lakeTables } from '../../../src/query/clickhouse/clickhouse-place.ts';

test('both tables of a named collection lie in the folder of the lake', () => {
  const { tuples, flows, values } = lakeTables('collection:prod/lakes/west', 'all', {});
  expect(tuples.table).toBe('deltaLakeAzureCluster({lake_cluster:String}, prod, blob_path = {tuples_path:String})');
  expect(flows.log).toBe("azureBlobStorage(prod, blob_path = {flows_log:String}, format = 'One')");
  expect(values).toEqual({
    lake_cluster: 'all',
    tuples_path: 'lakes/west/tuples',
    tuples_log: 'lakes/west/tuples/_delta_log/*.json',
    flows_path: 'lakes/west/flows',
    flows_log: 'lakes/west/flows/_delta_log/*.json',
  });
  expect(lakeTables('collection:prod', undefined, {}).values).toMatchObject({ flows_path: 'flows' });
  for (const wrong of ['collection:', 'collection:a b/c', "collection:a'/c", 'collection:/c'])
    expect(() => lakeTables(wrong, undefined, {})).toThrow(/no name of a named collection/);
});

/** Says what ClickHouse asks an account that does not answer. */
const asksWhere = (folder: string, table: string, path: string): string => `
  import { Session } from 'chdb';
  const session = new Session(${JSON.stringify(folder)});
  const account = 'AccountName=devstoreaccount1;AccountKey=bnNnZmxvdw==;BlobEndpoint=http://127.0.0.1:9/devstoreaccount1;';
  session.query("CREATE NAMED COLLECTION prod AS container = 'logs', blob_path = 'elsewhere', connection_string = '" + account + "'");
  session.query("SET param_flows_path = '${path}'");
  try {
    session.query(${JSON.stringify(`SELECT count() FROM ${table}`)});
  } catch (error) {
    console.log(/GET (\\S+)/.exec(error.message)[1]);
  }
  process.exit();`;

test.runIf(process.env['NSGFLOW_LONG'] === '1')('ClickHouse looks for them there', async () => {
  const { flows, values } = lakeTables('collection:prod/lakes/west', undefined, {});
  const folder = await mkdtemp(join(tmpdir(), 'nsgflow-collection-'));
  const script = asksWhere(folder, flows.table, values['flows_path']);
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    cwd: join(import.meta.dirname, '../../lake/chdb'),
  });
  expect(stdout.trim()).toBe('http://127.0.0.1:9/devstoreaccount1/logs/lakes/west/flows/_delta_log/_last_checkpoint');
  await rm(folder, { recursive: true });
});

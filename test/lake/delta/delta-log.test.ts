import { appendFile, cp, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FlowError } from '../../../src/base/errors.ts';
import { compact } from '../../../src/lake/compact.ts';
import { openDuckdb } from '../../../src/lake/duckdb/duckdb.ts';
import { openLake } from '../../../src/lake/lake.ts';
import { deltaSchemaString, flowsColumns } from '../../../src/lake/tuples/stored-columns.ts';
import { readTableState } from '../../../src/lake/delta/read-state.ts';
import { openLakeEngine } from '../../../src/query/engine/lake-engine.ts';
import { parseFilter } from '../../../src/query/filter/filter.ts';
import { ask } from '../../query/ask.ts';
import { buildFlowLog } from '../build-flow-log.ts';
import { tuplesPlace } from '../../../src/lake/delta/table-place.ts';

/** States of a lake's folder that kills, faults and other engines leave, made by hand. */

const commits = 12;
let original: string;
let folder: string;

beforeAll(async () => {
  original = await mkdtemp(join(tmpdir(), 'nsgflow-log-'));
  const lake = await openLake(original, { create: true });
  for (let i = 0; i < commits; i++) {
    const append = await lake.beginAppend();
    const time = Date.parse('2023-11-14T00:00:00Z') + i * 3_600_000;
    await append.addFlowLog(buildFlowLog([{ tuples: [{ time, src: '10.0.0.1', dst: '10.0.0.2', srcPort: i }] }]), {
      blob: 'b',
    });
    await append.commit([{ key: `k${i}`, before: undefined, after: { etag: 'e', lengthBytes: 9, readBytes: 7 } }]);
  }
  await lake.close();
});

afterAll(async () => await rm(original, { recursive: true, force: true }));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-log-'));
  await cp(original, folder, { recursive: true });
});

afterEach(async () => await rm(folder, { recursive: true, force: true }));

function logPath(version: number, suffix = '.json'): string {
  return join(folder, 'tuples/_delta_log', `${String(version).padStart(20, '0')}${suffix}`);
}

/** Source ports of all rows, in order. */
async function ports(): Promise<unknown[]> {
  const lake = await openLake(folder);
  const engine = await openLakeEngine(lake);
  const rows = await ask(engine, { ask: 'tuples' });
  await engine.close();
  await lake.close();
  return rows.map((row) => row['src_port']);
}

async function failure(use: () => Promise<unknown> = async () => await openLake(folder)): Promise<string> {
  try {
    await use();
  } catch (error) {
    if (error instanceof FlowError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'none';
}

async function writeActions(version: number, ...actions: object[]): Promise<void> {
  await writeFile(logPath(version), actions.map((action) => JSON.stringify(action)).join('\n'));
}

let checkpointLines: string;
beforeEach(() => {
  checkpointLines = join(folder, '_nsgflow', 'tuples', 'checkpoints', '00000000000000000010.jsonl');
});

const all = Array.from({ length: commits }, (_, i) => i);

test('a checkpoint is written every ten versions', async () => {
  const names = await readdir(join(folder, 'tuples/_delta_log'));
  expect(names.filter((name) => name.includes('checkpoint')).sort()).toEqual([
    '00000000000000000010.checkpoint.parquet',
    '_last_checkpoint',
  ]);
});

describe('a lake opens whole', () => {
  test.each<[string, string | undefined]>([
    ['missing', undefined],
    ['empty', ''],
    ['torn', '{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}\n{"add":{"pa'],
    ['of something else', '{"add":{"path":"x","size":1,"partitionValues":{}}}'],
    ['damaged in one byte', 'damaged'],
    ['without a checksum, of an older nsgflow', 'unchecked'],
    ['of another version', 'other'],
  ])('where the lines of its checkpoint are %s', async (_, text) => {
    for (let version = 0; version <= 10; version++) await rm(logPath(version));
    expect(await ports()).toEqual(all);
    const whole = await readFile(checkpointLines, 'utf8');
    const lines = whole.split('\n');
    const fewer = lines.filter((_line, i) => i !== lines.findIndex((one) => one.startsWith('{"add"')));
    if (text === undefined) await rm(checkpointLines);
    else if (text === 'damaged') await writeFile(checkpointLines, whole.replace('"size":', '"sizf":'));
    else if (text === 'unchecked') await writeFile(checkpointLines, fewer.slice(0, -1).join('\n'));
    else if (text === 'other') {
      const [path, head] = [checkpointLines.replace('10.jsonl', '11.jsonl'), fewer.slice(0, -1).join('\n')];
      const sum = crc32(head, crc32(basename(path)))
        .toString(16)
        .padStart(8, '0');
      await writeFile(checkpointLines, `${head}\n{"crc32":"${sum}"}`);
    } else await writeFile(checkpointLines, text);
    expect(await ports()).toEqual(all);
  });

  test('from the lines of its checkpoint, where nothing else has its versions', async () => {
    for (let version = 0; version <= 10; version++) await rm(logPath(version));
    await writeFile(logPath(10, '.checkpoint.parquet'), 'PAR1');
    expect(await ports()).toEqual(all);
  });

  test('beside orphans that kills and lost races leave', async () => {
    await cp(join(folder, 'tuples', 'date=2023-11-14'), join(folder, 'tuples', 'date=2023-11-13'), { recursive: true });
    await writeFile(join(folder, 'tuples', 'date=2023-11-14', 'part-half.parquet'), 'PAR1');
    await writeFile(join(folder, '_nsgflow', 'tmp', 'x.json'), '{"add":');
    await writeFile(join(folder, '_nsgflow', 'tuples', 'positions', 'half.json'), '{');
    await writeFile(logPath(13, '.checkpoint.0000000001.0000000002.parquet'), 'PAR1');
    await writeFile(join(folder, 'tuples/_delta_log', '.tmp-00000000000000000013.json'), '{');
    expect(await ports()).toEqual(all);
    expect((await (await openLake(folder)).positions()).byKey.size).toBe(commits);
  });

  test('whatever _last_checkpoint says', async () => {
    await writeFile(join(folder, 'tuples/_delta_log', '_last_checkpoint'), '{"version":99');
    expect(await ports()).toEqual(all);
  });

  test('with data files of odd names, each read once', async () => {
    const { files } = await (await openLake(folder)).snapshot();
    const odd = [
      "it's; DROP TABLE x --.parquet",
      'a=b&c#d.parquet',
      '100%20.parquet',
      'é 😀.parquet',
      'line\nfeed\ttab.parquet',
      '"quoted" $1 ${x} {y}.parquet',
      '...parquet',
    ];
    const actions = [];
    for (const [i, name] of odd.entries()) {
      const before = files[i].path.slice(join(folder, 'tuples').length + 1);
      const path = `date=2023-11-14/${name}`;
      await rename(files[i].path, join(folder, 'tuples', path));
      const uri = i % 2 === 0 ? encodeURI(path).replaceAll('#', '%23') : encodeURIComponent(path);
      actions.push(
        { remove: { path: before, deletionTimestamp: 1, dataChange: false } },
        {
          add: {
            path: uri,
            partitionValues: { date: '2023-11-14' },
            size: files[i].sizeBytes,
            modificationTime: 1,
            dataChange: false,
          },
        },
      );
    }
    await writeActions(13, ...actions);
    expect(await ports()).toEqual(all);
  });

  test('without its checkpoint, from its commits', async () => {
    await rm(logPath(10, '.checkpoint.parquet'));
    expect(await ports()).toEqual(all);
    expect((await (await openLake(folder)).positions()).byKey.size).toBe(commits);
  });

  test('from a checkpoint of several parts', async () => {
    const duckdb = await openDuckdb();
    const connection = await duckdb.connect();
    const whole = logPath(10, '.checkpoint.parquet');
    for (const part of [1, 2]) {
      const path = logPath(10, `.checkpoint.000000000${part}.0000000002.parquet`);
      await connection.run(
        `COPY (SELECT * FROM read_parquet('${whole}') WHERE (add IS NULL) = (${part} = 1)) TO '${path}' (FORMAT parquet)`,
      );
    }
    connection.closeSync();
    await duckdb.close();
    await rm(whole);
    await rm(checkpointLines);
    for (let version = 0; version <= 10; version++) await rm(logPath(version));
    expect(await ports()).toEqual(all);
  });

  test('after another engine removed files, compacted others and added actions that we do not know', async () => {
    const lake = await openLake(folder);
    const { files } = await lake.snapshot();
    const names = files.map((file) => file.path.slice(join(folder, 'tuples').length + 1));
    const duckdb = await openDuckdb();
    const connection = await duckdb.connect();
    const compacted = 'date=2023-11-14/part 00 é%.parquet';
    await connection.run(
      `COPY (SELECT * EXCLUDE (encryption, tuple_index), 'x' AS more FROM read_parquet(['${files[0].path}', '${files[1].path}']))
        TO '${join(folder, 'tuples', compacted)}' (FORMAT parquet)`,
    );
    connection.closeSync();
    await duckdb.close();
    await writeActions(
      commits + 1,
      { commitInfo: { operation: 'OPTIMIZE' } },
      ...[0, 1, 2].map((i) => ({ remove: { path: names[i], deletionTimestamp: 1, dataChange: i === 2 } })),
      {
        add: {
          path: encodeURIComponent(compacted).replaceAll('%2F', '/'),
          partitionValues: { date: '2023-11-14' },
          size: (await stat(join(folder, 'tuples', compacted))).size,
          modificationTime: 1,
          dataChange: false,
        },
      },
      { domainMetadata: { domain: 'x', configuration: '', removed: false } },
    );
    expect(await ports()).toEqual([0, 1, ...all.slice(3)]);
    await lake.close();
  });

  test('with columns of another writer by whatever names, and is asked and compacted', async () => {
    const lake = await openLake(folder);
    const [first] = (await lake.snapshot()).files;
    const duckdb = await openDuckdb();
    const connection = await duckdb.connect();
    const odd = [
      'File_Row_Number',
      'filename',
      'x"; DROP VIEW flows; --',
      "it's",
      '$1',
      'flows',
      '\u00e9 \u{1f600}',
      '_',
    ];
    const columns = odd.map((name, i) => `${i} AS "${name.replaceAll('"', '""')}"`);
    const name = 'date=2023-11-14/odd.parquet';
    await connection.run(
      `COPY (SELECT *, ${columns.join(', ')} FROM read_parquet('${first.path}')) TO '${join(folder, 'tuples', name)}' (FORMAT parquet)`,
    );
    connection.closeSync();
    await duckdb.close();
    await writeActions(
      commits + 1,
      { remove: { path: first.path.slice(join(folder, 'tuples').length + 1), deletionTimestamp: 1, dataChange: true } },
      {
        add: {
          path: name,
          partitionValues: { date: '2023-11-14' },
          size: (await stat(join(folder, 'tuples', name))).size,
          modificationTime: 1,
          dataChange: true,
          stats: '{"numRecords":1}',
        },
      },
    );
    const answers = async (): Promise<unknown[]> => {
      const engine = await openLakeEngine(lake);
      const where = parseFilter('ip = 10.0.0.2', 0)!;
      const rows = await ask(engine, { ask: 'tuples', where });
      const { columns: shown } = await engine.sql('SELECT * FROM tuples');
      await engine.close();
      return [rows.map((row) => row['src_port']), shown.map((column) => column.name)];
    };
    const expected = [all, flowsColumns.map((column) => column.name)];
    expect([await ports(), await answers()]).toEqual([all, expected]);
    for await (const step of compact(lake, Date.parse('2023-12-01T00:00:00Z'))) expect(step.version).toBeDefined();
    expect((await lake.snapshot()).files).toHaveLength(1);
    expect([await ports(), await answers()]).toEqual([all, expected]);
    const append = await lake.beginAppend();
    const tuples = [{ time: Date.parse('2023-11-15T00:00:00Z'), src: '10.0.0.1', dst: '10.0.0.2', srcPort: 99 }];
    await append.addFlowLog(buildFlowLog([{ tuples }]), { blob: 'b' });
    await append.commit([]);
    expect([await ports(), await answers()]).toEqual([
      [...all, 99],
      [[...all, 99], expected[1]],
    ]);
    await lake.close();
  });

  test('of an older nsgflow, and gets the columns that it lacks with the next commit', async () => {
    const first = (await readFile(logPath(0), 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { metaData?: { schemaString: string } });
    const { metaData } = first.find((action) => action.metaData !== undefined)!;
    const schema = JSON.parse(metaData!.schemaString) as { fields: { name: string }[] };
    const fields = schema.fields.filter(({ name }) => name !== 'tuple_index' && name !== 'acl_id');
    await rm(logPath(10, '.checkpoint.parquet'));
    metaData!.schemaString = JSON.stringify({ ...schema, fields });
    await writeActions(0, ...first);
    const duckdb = await openDuckdb();
    const connection = await duckdb.connect();
    for (let version = 1; version <= commits; version++) {
      const lines = (await readFile(logPath(version), 'utf8')).replace(
        '"nsgflow.columns":"2"',
        '"nsgflow.columns":"0"',
      );
      const path = join(folder, 'tuples', /"path":"([^"]+)"/.exec(lines)![1]);
      await connection.run(
        `COPY (SELECT * EXCLUDE (tuple_index, acl_id) FROM read_parquet('${path}')) TO '${path}.old' (FORMAT parquet)`,
      );
      await rename(`${path}.old`, path);
      await writeFile(logPath(version), lines.replace(/"size":\d+/, `"size":${(await stat(path)).size}`));
    }
    connection.closeSync();
    await duckdb.close();
    expect(await ports()).toEqual(all);
    const lake = await openLake(folder);
    const append = await lake.beginAppend();
    await append.addFlowLog(
      buildFlowLog([{ tuples: [{ time: 2e12, src: '10.0.0.1', dst: '10.0.0.2', srcPort: 99 }] }]),
      { blob: 'b' },
    );
    await append.commit([]);
    await lake.close();
    expect(await ports()).toEqual([...all, 99]);
    expect(
      JSON.parse((await readTableState(tuplesPlace(folder)))!.metadata.schemaString).fields.map(
        (field: { name: string }) => field.name,
      ),
    ).toEqual([...fields.map(({ name }) => name), 'acl_id', 'tuple_index']);
    const opened = await openLake(folder);
    const engine = await openLakeEngine(opened);
    expect(await ask(engine, { ask: 'count' })).toEqual([{ tuples: commits + 1, conversations: commits + 1 }]);
    await engine.close();
    await opened.close();
  });

  test('when a commit repeats an add, once', async () => {
    const add = (await readFile(logPath(12), 'utf8')).split('\n').find((line) => line.startsWith('{"add"'));
    await writeFile(logPath(13), `${add}\n`);
    expect(await ports()).toEqual(all);
  });
});

describe('a lake is refused, and the message says why', () => {
  test.each([
    [
      'a gap in the log',
      async () => await rm(logPath(11)),
      /lake-invalid: .*version 11 \(00000000000000000011\.json\) is missing, version 12 is there/,
    ],
    [
      'a torn commit',
      async () => await appendFile(logPath(12), '{"add":{"path":'),
      /lake-invalid: .*00000000000000000012\.json: line \d is not whole/,
    ],
    [
      'a commit that is no JSON object',
      async () => await writeFile(logPath(13), '[1]'),
      /lake-invalid: .*00000000000000000013\.json: line 1 is no action/,
    ],
    [
      'an add without a path',
      async () => await writeActions(13, { add: { size: 1, partitionValues: {} } }),
      /lake-invalid: .*not of Delta's form: .*13\.json, line 1/,
    ],
    [
      'a torn checkpoint',
      async () => {
        await writeFile(logPath(10, '.checkpoint.parquet'), 'PAR1');
        await rm(checkpointLines);
      },
      /lake-invalid: the checkpoint .*10\.checkpoint\.parquet of the lake cannot be read/,
    ],
    [
      'a newer reader',
      async () => await writeActions(13, { protocol: { minReaderVersion: 3, minWriterVersion: 7 } }),
      /lake-invalid: .*Delta reader of version 3; nsgflow reads version 1/,
    ],
    [
      'a table of another partition',
      async () =>
        await writeActions(13, {
          metaData: {
            id: 'x',
            format: { provider: 'parquet' },
            schemaString: deltaSchemaString(),
            partitionColumns: ['nsg'],
          },
        }),
      /lake-invalid: .*no lake of nsgflow: it is not partitioned by date/,
    ],
    [
      'another table',
      async () =>
        await writeActions(13, {
          metaData: {
            id: 'x',
            format: { provider: 'parquet' },
            schemaString: '{"type":"struct","fields":[]}',
            partitionColumns: [],
          },
        }),
      /lake-invalid: .*no lake of nsgflow: it has no column time of type timestamp/,
    ],
  ])('for %s', async (_, damage, message) => {
    await damage();
    expect(await failure()).toMatch(message);
  });

  test('for a data file outside its folder', async () => {
    for (const path of [
      '../x.parquet',
      '/etc/x.parquet',
      'file:/etc/x.parquet',
      'date=1/%2e%2e/%2e%2e/x.parquet',
      String.raw`date=1\..\..\x`,
      '%2Fetc/x.parquet',
    ]) {
      await writeActions(13, { add: { path, partitionValues: {}, size: 1 } });
      expect(await failure(ports), path).toMatch(/lake-invalid: .*names a data file outside its folder/);
    }
  });

  test('for a data file named by a wildcard or by no path', async () => {
    for (const path of ['*.parquet', 'date=2023-11-14/%2A', 'date=?/x', '[a]', '%zz', '%', 'a%00b']) {
      await writeActions(13, { add: { path, partitionValues: {}, size: 1 } });
      expect(await failure(ports), path).toMatch(/lake-invalid: .*names a data file by what is no path/);
    }
  });

  test('for a file with a deletion vector, in whatever order and place the log names it', async () => {
    const [name] = (await (await openLake(folder)).snapshot()).files.map(({ path }) =>
      path.slice(join(folder, 'tuples').length + 1),
    );
    const deletionVector = {
      storageType: 'u',
      pathOrInlineDv: 'ab^-aqEH.-t@S}K{vb[*k^',
      offset: 4,
      sizeInBytes: 40,
      cardinality: 1,
    };
    const add = { path: name, partitionValues: { date: '2023-11-14' }, size: 1, modificationTime: 1, dataChange: true };
    const remove = { path: name, deletionTimestamp: 1, dataChange: true };
    const refusal = /lake-invalid: version 13 of the lake .* deletes rows of date=2023-11-14.* by a deletion vector/;
    for (const actions of [
      [{ remove }, { add: { ...add, deletionVector } }],
      [{ add: { ...add, deletionVector } }, { remove }],
      [{ add: { ...add, path: 'date=2023-11-14/other.parquet', deletionVector } }],
    ]) {
      await writeActions(13, ...actions);
      expect(await failure(ports)).toMatch(refusal);
    }
    await writeActions(14, { remove: { ...remove, path: 'date=2023-11-14/other.parquet', deletionVector } });
    expect(await ports(), 'once its rows were written anew').toEqual(all);
    await writeActions(15, { add: { ...add, deletionVector: 'x' } });
    expect(await failure(ports)).toMatch(/lake-invalid: .*not of Delta's form/);
  });

  test('for positions that are gone or torn, when somebody would ingest', async () => {
    const positions = join(folder, '_nsgflow', 'tuples', 'positions');
    const [name] = await readdir(positions);
    const whole = await readFile(join(positions, name), 'utf8');
    const read = async (): Promise<unknown> => await (await openLake(folder)).positions();
    await rename(join(positions, name), join(folder, 'away'));
    expect(await failure(read)).toMatch(/lake-invalid: version \d+ of the lake names positions that are missing/);
    await writeFile(join(positions, name), whole.slice(0, -5));
    expect(await failure(read)).toMatch(/lake-invalid: .*cannot be read/);
    await writeFile(join(positions, name), whole.replace('"form":1', '"form":2'));
    expect(await failure(read)).toMatch(/lake-invalid: .*of a newer form/);
    await writeFile(join(positions, name), whole.replace('"readBytes":7', '"readBytes":0'));
    expect(await failure(read)).toMatch(/lake-invalid: .*are not as they were written/);
    await writeFile(join(positions, name), whole);
    expect(await failure(read)).toBe('none');
  });

  test('for positions, also of an older nsgflow, whose entries are none', async () => {
    const id = '00000000-0000-4000-8000-000000000000';
    await writeActions(13, { txn: { appId: `nsgflow-positions/${id}`, version: 13 } });
    const path = join(folder, '_nsgflow', 'tuples', 'positions', `${id}.json`);
    const of = (entry: unknown): string => `{"form":1,"base":true,"positions":[\n${JSON.stringify(entry)}]}\n`;
    const sound = { etag: 'e', lengthBytes: 9, readBytes: 7 };
    const read = async (): Promise<unknown> => await (await openLake(folder)).positions();
    await writeFile(path, of(['k', { ...sound, rejections: [{ startByte: 1, endByte: 2, reason: 'x' }], later: 1 }]));
    expect(await failure(read)).toBe('none');
    const entries: unknown[] = [
      {},
      [],
      ['k'],
      ['', sound],
      [1, sound],
      ['k', []],
      ['k', {}],
      ['k', 1],
      ['k', sound, 1],
    ];
    for (const [field, value] of [
      ['etag', 1],
      ['lengthBytes', -1],
      ['readBytes', '7'],
      ['readBytes', 1.5],
      ['blocks', null],
      ['fingerprint', 1],
      ['content', {}],
      ['torn', false],
      ['modifiedMillis', 'x'],
      ['createdMillis', null],
      ['rejections', [{}]],
    ] as const)
      entries.push(['k', { ...sound, [field]: value }]);
    for (const entry of entries) {
      await writeFile(path, of(entry));
      expect(await failure(read), JSON.stringify(entry)).toMatch(/lake-invalid: .*no position of a blob in line 2: /);
    }
  });

  test('for writing, when another engine asks writers for more', async () => {
    await writeActions(13, { protocol: { minReaderVersion: 1, minWriterVersion: 4 } });
    expect(await ports()).toEqual(all);
    const lake = await openLake(folder);
    expect(await failure(async () => await lake.beginAppend())).toMatch(
      /lake-invalid: .*Delta writer of version 4; nsgflow writes version 2/,
    );
    await lake.close();
  });
});

test('every prefix of a commit is refused or is a whole commit', async () => {
  await rm(logPath(10, '.checkpoint.parquet'));
  const whole = await readFile(logPath(12), 'utf8');
  const ends = whole.split('\n').map((_, i, lines) => lines.slice(0, i + 1).join('\n').length);
  const step = process.env['NSGFLOW_LONG'] === '1' ? 1 : 181;
  for (let length = 0; length < whole.length; length += step) {
    await writeFile(logPath(12), whole.slice(0, length));
    const result = await failure();
    if (ends.includes(length) || ends.includes(length - 1))
      expect(['none', 'lake-invalid'], String(length)).toContain(result.split(':')[0]);
    else expect(result, String(length)).toMatch(/^lake-invalid: the lake's log is torn/);
  }
});

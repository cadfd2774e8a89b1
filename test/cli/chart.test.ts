/** What `render` of a query draws on a terminal of 80 columns, and what is printed without one. */
import { describe, expect, test } from 'vitest';
import { nsgflowHere } from './nsgflow.ts';

const datatables = `let Bytes = datatable(t: datetime, rule: string, bytes: long) [
  datetime(2026-11-20T10:00Z), 'allow web', 4000, datetime(2026-11-20T10:01Z), 'allow web', 2000,
  datetime(2026-11-20T10:03Z), 'allow web', 1000, datetime(2026-11-20T10:01Z), 'deny', long(null)];
let Ports = datatable(port: int, name: string, flows: long) [443, 'https', 300, 53, 'domain', 100, 22, 'a\\u001b[2Jb', 1];`;

async function drawn(query: string, term = 'xterm'): Promise<string[]> {
  const env = { TERM: term, NO_COLOR: '1' };
  const args = ['query', datatables + query, '--no-pager'];
  const { code, out, err } = await nsgflowHere(args, { env, columns: 80 });
  expect([code, err]).toEqual([0, '']);
  const lines = out.trimEnd().split('\n');
  for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(80);
  return lines;
}

describe('render', () => {
  test('timechart: a band for each series, on one scale', async () => {
    for (const chart of ['timechart', 'areachart', 'columnchart', 'linechart']) {
      const lines = await drawn(`Bytes | render ${chart} with (title="Traffic")`);
      expect(lines[0]).toBe('Traffic, 1m each; 2026-11-20 10:00:00 to 10:04:00 UTC');
      expect(lines).toContain('■ allow web  at most 4.0 kB at 10:00');
      expect(lines).toContain('■ deny  not counted');
      expect(lines.at(-1)?.split(/ +/)).toEqual(['', '10:00', '10:01', '10:02', '10:03']);
    }
  });

  test('timechart of make-series: its lists', async () => {
    const lines = await drawn(
      'Bytes | make-series sum(bytes) on t from datetime(2026-11-20T10:00Z) to datetime(2026-11-20T10:04Z) step 1m by rule | render timechart',
    );
    expect(lines[0]).toBe('sum_bytes, 1m each; 2026-11-20 10:00:00 to 10:04:00 UTC');
    expect(lines).toContain('■ allow web  at most 4.0 kB at 10:00');
  });

  test('barchart, columnchart and piechart: a bar for each row', async () => {
    const bars = [
      'flows',
      `443 https  300  ${'█'.repeat(64)}`,
      `53 domain  100  ${'█'.repeat(21)}▍`,
      `22 a·[2Jb    1  ▎`,
    ];
    expect(await drawn('Ports | render barchart')).toEqual(bars);
    expect(await drawn('Ports | render columnchart')).toEqual(bars);
    const pie = await drawn('Ports | project name, flows | render piechart with (title="Applications")');
    expect(pie.slice(0, 2)).toEqual(['Applications', `https   300  74.8 %  ${'█'.repeat(59)}`]);
    expect(await drawn('Ports | project name, flows | render barchart', 'dumb')).toEqual([
      'flows',
      `https   300  ${'#'.repeat(67)}`,
      `domain  100  ${'#'.repeat(22)}`,
      'a·[2Jb    1  #',
    ]);
  });

  test('columns that it names are drawn', async () => {
    const lines = await drawn('Ports | extend more = flows * 2 | render barchart with (xcolumn=name, ycolumns=more)');
    expect(lines.slice(0, 2)).toEqual(['more', `https   600  ${'█'.repeat(67)}`]);
  });

  test('card: the first row', async () => {
    expect(
      await drawn('Ports | summarize flows = sum(flows), bytes = 12345678, name = take_any("x") | render card'),
    ).toEqual(['401  flows', '12.3 MB  bytes', 'x  name']);
  });

  test('table, a chart that has no numbers, and no rows', async () => {
    const table = await drawn('Ports | take 1');
    expect(await drawn('Ports | take 1 | render table')).toEqual(table);
    expect(await drawn('Ports | project name | take 1 | render piechart')).toEqual(
      await drawn('Ports | project name | take 1'),
    );
    expect(await drawn('Ports | where flows > 1000 | render barchart')).toEqual(['no rows to draw']);
    expect((await drawn('range n from 1 to 100 step 1 | extend m = n | render barchart')).at(-1)).toBe(
      '60 more bars are not drawn (-o csv has all)',
    );
  });

  test('without a terminal the numbers are printed', async () => {
    const { out } = await nsgflowHere(['query', `${datatables}Ports | take 1 | render piechart`], {});
    expect(out).toBe('{"port":443,"name":"https","flows":300}\n');
    const asked = ['query', `${datatables}Ports | take 1 | render piechart`, '-o', 'csv', '--no-pager'];
    expect((await nsgflowHere(asked, { columns: 80 })).out).toBe('port,name,flows\n443,https,300\n');
  });
});

/** Golden screens of the main commands: on terminals of 80 and 140 columns, on one without more than ASCII, and without a terminal. */
import { describe, expect, test } from 'vitest';
import { exampleLake } from './example-lake.ts';
import { nsgflowHere } from './nsgflow.ts';

const { folder, network, lake } = exampleLake();

/** What the screens show, by name. */
const commands: Readonly<Record<string, readonly string[]>> = {
  flows: ['flows', 'access = deny and dst.port in (22, 3389)', '--limit', '6', '--lake', lake],
  tuples: ['flows', '--tuples', 'dst.port = 22', '--limit', '4', '--lake', lake],
  top: ['top', '--by', 'src.ip', '--limit', '5', '--over-time', '--lake', lake],
  denied: ['top', 'access = deny', '--by', 'rule,dst.port', '--metric', 'flows', '--limit', '5', '--lake', lake],
  series: ['series', '--by', 'access', '--lake', lake],
  matrix: ['matrix', '--by', 'src.ip,dst.port', '--limit', '5', '--lake', lake],
  find: ['find', '203.0.113.66', '192.0.2.0/24', '--lake', lake],
  timeline: ['timeline', '10.20.1.4', '198.51.100.80', '--lake', lake],
  changes: ['changes', '--from', '2026-11-20T10:00', '--to', '2026-11-20T10:06', '--limit', '4', '--lake', lake],
  count: ['count', '--lake', lake],
  'nsg show': ['nsg', 'show', 'nsg-db', '--network', network],
  'rules list': ['rules', 'list', '--network', network, '--lake', lake],
  'ingest status': ['ingest', 'status', '--columns', 'flow_log,newest,nics,blobs,rejected', '--lake', lake],
};

/** What a user sees; on a terminal with the colors named. */
async function screen(args: readonly string[], columns: number | undefined, term = 'xterm'): Promise<string> {
  const env = { TERM: term, NO_COLOR: columns === 140 ? '' : '1' };
  const { code, out, err } = await nsgflowHere([...args, ...(columns === undefined ? [] : ['--no-pager'])], {
    env,
    ...(columns === undefined ? {} : { columns }),
  });
  expect([code, err]).toEqual([0, expect.any(String)]);
  const words = args.map((word) => (word.startsWith(folder) ? 'lake' : word === network ? 'network.json' : word));
  // On a slow machine, a line of progress came and went.
  const [before, ...progress] = err.split('\r\u001b[2K');
  const stays = before + (progress.at(-1) ?? '');
  return `$ nsgflow ${words.join(' ')}\n${out}${stays}`.replaceAll('\u001b', '^').replaceAll(/ +$/gm, '');
}

describe.each(Object.entries(commands))('%s', (name, args) => {
  test.each([
    ['80 columns', 80, 'xterm'],
    ['140 columns', 140, 'xterm'],
    ['80 columns, ASCII', 80, 'dumb'],
    ['no terminal', undefined, 'xterm'],
  ] as const)('%s', async (title, columns, term) => {
    const text = await screen(args, columns, term);
    if (columns === 80) for (const line of text.split('\n').slice(1)) expect(line.length, line).toBeLessThanOrEqual(80);
    if (term === 'dumb') expect(text).toMatch(/^[\x20-\x7e\n]*$/);
    await expect(text).toMatchFileSnapshot(`screens/${name} ${title}.txt`.replaceAll(/[ ,]+/g, '-'));
  });
});

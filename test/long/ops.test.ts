import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../..');
const ops = join(root, 'ops');

/** Output of a program; `undefined` where it cannot be started. */
function run(program: string, ...args: string[]): { code: number | null; text: string } | undefined {
  const { error, status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (error !== undefined) return undefined;
  return { code: status, text: stdout + stderr };
}

test('the exposure of the systemd unit is at most 3.0', (context) => {
  const unit = join(ops, 'nsgflow.service');
  const ran = run('systemd-analyze', 'security', '--offline=true', '--threshold=30', '--no-pager', unit);
  if (ran === undefined) context.skip('systemd-analyze is not installed (Debian package systemd)');
  expect(ran?.code, ran?.text).toBe(0);
  expect(Number(/exposure level[^:]*: ([\d.]+)/.exec(ran?.text ?? '')?.[1])).toBeLessThanOrEqual(3);
});

test('Prometheus accepts the alerts', (context) => {
  const ran = run('promtool', 'check', 'rules', join(ops, 'alerts.yaml'));
  if (ran === undefined) context.skip('promtool is not installed (Debian package prometheus)');
  expect(ran?.code, ran?.text).toBe(0);
});

test('alerts ask metrics that the service has', () => {
  const sources = readdirSync(join(root, 'src/server'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.ts'),
  );
  const known = sources.map((path) => readFileSync(join(root, 'src/server', path), 'utf8')).join('\n');
  const { groups } = parse(readFileSync(join(ops, 'alerts.yaml'), 'utf8')) as {
    groups: { rules: { expr: string }[] }[];
  };
  const asked = groups.flatMap(({ rules }) => rules).flatMap(({ expr }) => expr.match(/nsgflow_\w+/g) ?? []);
  expect(asked.length).toBeGreaterThan(4);
  for (const name of asked) expect(known).toContain(`'${name}'`);
});

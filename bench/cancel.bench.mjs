// Milliseconds from Ctrl-C to the end of a command, and how it ends: `npm run bench -- cancel [HOURS] [TIMES]` (after `npm run build`), on an idle machine. Each
// command gets SIGINT at TIMES moments, spread evenly from its first millisecond to its last. Before Node runs the command, the signal itself ends it.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { command, withFolder } from './built.mjs';
import { makeFlowLogs } from './made-logs.mjs';

const commands = [
  ['top', ['top', '--by', 'src.ip', '-o', 'csv']],
  ['series', ['series', '--by', 'rule', '-o', 'csv']],
  ['sorted tuples', ['flows', '--tuples', '-o', 'csv']],
  ['SQL', ['query', '--sql', 'SELECT src_ip, count(*) FROM tuples GROUP BY ALL ORDER BY 2 DESC', '-o', 'csv']],
];

/** Runs a command, with SIGINT after some milliseconds. @returns how long it takes to end then, and how it does; without a signal, how long it runs */
async function ended(args, afterMillis) {
  const child = spawn(process.execPath, [command, ...args], { stdio: 'ignore' });
  const exit = once(child, 'exit');
  const begin = performance.now();
  if (afterMillis === undefined) {
    await exit;
    return { millis: performance.now() - begin, how: '' };
  }
  await Promise.race([sleep(afterMillis), exit]);
  const signalled = performance.now();
  child.kill('SIGINT');
  const [code, signal] = await exit;
  return { millis: performance.now() - signalled, how: code === 0 ? 'done before' : String(signal ?? code) };
}

export function run(hours = 3, times = 50) {
  return withFolder(async (folder) => {
    const [logs, more, lake] = ['logs', 'more', 'lake'].map((name) => join(folder, name));
    const { tuples } = makeFlowLogs(logs, hours, more, 1);
    spawnSync(process.execPath, [command, 'ingest', logs, '--lake', lake], { stdio: 'ignore' });
    spawnSync(process.execPath, [command, 'lake', 'settle', '--lake', lake], { stdio: 'ignore' });
    const rows = [];
    for (const [name, args] of commands) {
      const asked = [...args, '--lake', lake];
      const { millis: whole } = await ended(asked);
      const took = [];
      const hows = new Map();
      for (let i = 0; i < times; i++) {
        const { millis, how } = await ended(asked, 1 + (whole * i) / times);
        hows.set(how, (hows.get(how) ?? 0) + 1);
        if (how !== 'done before') took.push(millis);
      }
      took.sort((a, b) => a - b);
      const at = (share) => (took[Math.min(took.length - 1, Math.floor(share * took.length))] ?? 0).toFixed(0);
      const ends = [...hows].map(([how, count]) => `${how}: ${count}`).join(', ');
      rows.push([name, whole.toFixed(0), at(0.5), at(0.9), at(1), ends]);
    }
    return {
      title: `Ctrl-C at ${times} moments of a question, ${tuples.toLocaleString('en-US')} tuples (milliseconds)`,
      header: ['command', 'runs', 'median', '90 %', 'longest', 'ends'],
      rows,
    };
  });
}

// Recording against other flow meters on one capture, in one run, on one core: `npm run bench -- record [PACKETS]`.
// The capture comes from the generator in the folder that NSGFLOW_BENCH names (gen_pcap.c; needs gcc). Meters that are not installed are left out
// (Debian packages tcpdump, softflowd, nfdump, argus-server).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const rounds = 3;

/** Seconds of processor time of a command pinned to one core, the best of three rounds; undefined where it is not installed. */
function processorSeconds(command, args, before = () => {}) {
  if (spawnSync('which', [command]).status !== 0) return undefined;
  let best = Infinity;
  for (let round = 0; round < rounds; round++) {
    before();
    const seconds = timed(command, args);
    if (seconds === undefined) return undefined;
    best = Math.min(best, seconds);
  }
  return best;
}

/** User and system seconds of a command, by the shell's own `time`; undefined where it failed. */
function timed(command, args) {
  const pinned = ['-c', '0', 'bash', '-c', 'TIMEFORMAT="%U %S"; time "$@" >/dev/null 2>&1', 'bash', command, ...args];
  const { status, stderr } = spawnSync('taskset', pinned, { encoding: 'utf8' });
  const [user, system] = stderr.trim().split('\n').at(-1).split(' ').map(Number);
  return status === 0 ? user + system : undefined;
}

export function run(packets = 10_000_000) {
  const source = resolve(process.env.NSGFLOW_BENCH ?? '../shared/bench', 'gen_pcap.c');
  if (!existsSync(source))
    throw new Error(`no generator ${source}: set NSGFLOW_BENCH to the folder that holds gen_pcap.c`);
  const folder = mkdtempSync(join(tmpdir(), 'nsgflow-bench-'));
  const capture = join(folder, 'a.pcap');
  const logs = join(folder, 'logs');
  try {
    spawnSync('gcc', ['-O2', '-o', join(folder, 'gen_pcap'), source, '-lm'], { stdio: 'inherit' });
    spawnSync(join(folder, 'gen_pcap'), [capture, String(packets), '96', '42'], { stdio: 'inherit' });
    const near = ['--local', '10.1.0.0/16', '--local', 'fd00:10::/32'];
    const meters = [
      ['tcpdump, reading only', 'tcpdump', ['-n', '-r', capture, '-w', '/dev/null']],
      ['softflowd', 'softflowd', ['-d', '-r', capture, '-n', '127.0.0.1:9995', '-v', '5', '-m', '1000000']],
      ['argus', 'argus', ['-r', capture, '-w', join(folder, 'argus.out')]],
      ['nsgflow record', process.execPath, ['dist/cli/main.js', 'record', '--capture', capture, ...near, '--to', logs]],
    ];
    const rows = meters.map(([name, command, args]) => {
      const seconds = processorSeconds(command, args, () => rmSync(logs, { recursive: true, force: true }));
      return { name, seconds, kpps: seconds === undefined ? undefined : packets / seconds / 1000 };
    });
    const softflowd = rows.find(({ name }) => name === 'softflowd')?.kpps;
    return {
      title: `Recording, ${packets.toLocaleString('en-US')} packets of 96 bytes captured, thousand packets per second of processor time`,
      header: ['meter', 'kpps', 'to softflowd'],
      rows: rows
        .filter(({ kpps }) => kpps !== undefined)
        .map(({ name, kpps }) => [
          name,
          Math.round(kpps).toLocaleString('en-US'),
          softflowd === undefined ? '' : (kpps / softflowd).toFixed(1),
        ]),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// Recording against other flow meters on one capture, in one run, on one core: `npm run bench -- record [PACKETS]` (after `npm run build`).
// Capture and rules are made up here, the same in each run. Meters that are not installed are left out (Debian packages tcpdump, softflowd, nfdump,
// argus-server); memory is told where GNU time is installed (Debian package time).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { command, withFolder } from './built.mjs';
import { makeCapture } from './made-packets.mjs';
import { benchmarkTemplate } from './record-network.mjs';

const rounds = 3;
/** Of one meter; then the rounds so far must do. */
const secondsMax = 30;
const gnuTime = '/usr/bin/time';

export function run(packets = 10_000_000) {
  return withFolder((folder) => {
    const at = (name) => join(folder, name);
    makeCapture(at('a.pcap'), packets);
    writeFileSync(at('network.json'), JSON.stringify(benchmarkTemplate()));
    const capture = at('a.pcap');
    const record = [command, 'record', '--capture', capture, '--network', at('network.json'), '--to', at('logs')];
    const clear = () => {
      for (const name of ['logs', 'nfcapd']) rmSync(at(name), { recursive: true, force: true });
      mkdirSync(at('nfcapd'));
    };
    const meters = [
      ['tcpdump, reading only', 'tcpdump', ['-n', '-r', capture, '-w', '/dev/null']],
      ['softflowd', 'softflowd', ['-d', '-r', capture, '-n', '127.0.0.1:9995', '-v', '5', '-m', '1000000']],
      ['nfpcapd', 'nfpcapd', ['-r', capture, '-w', at('nfcapd')]],
      ['argus', 'argus', ['-r', capture, '-w', at('argus.out')]],
      ['nsgflow record', process.execPath, record],
    ];
    const results = meters
      .filter(([, program]) => isInstalled(program))
      .map(([name, program, args]) => ({ name, ...best(['taskset', '-c', '0', program, ...args], clear) }));
    const kpps = (seconds) => Math.round(packets / seconds / 1000);
    const softflowd = results.find(({ name }) => name === 'softflowd')?.seconds;
    clear();
    const startMillis = performance.now();
    must(process.execPath, record);
    const elapsed = kpps((performance.now() - startMillis) / 1000);
    return {
      title: `Recording, ${packets.toLocaleString('en-US')} packets of 96 bytes captured, 206 rules, 32 NICs, logs written; one core`,
      header: ['meter', 'thousand packets per second of processor time', 'to softflowd', 'memory, MiB'],
      rows: results.map(({ name, seconds, memoryKib }) => [
        name,
        kpps(seconds).toLocaleString('en-US'),
        softflowd === undefined ? '' : (softflowd / seconds).toFixed(1),
        memoryKib === undefined ? '' : Math.round(memoryKib / 1024).toLocaleString('en-US'),
      ]),
      note:
        `The best of up to ${rounds} rounds. On ${availableParallelism()} cores, \`record\` took ${elapsed.toLocaleString('en-US')} thousand packets per second ` +
        `of elapsed time. Load average at the end of the run: ${loadavg()[0].toFixed(1)} (about 1 when nothing else runs).`,
    };
  });
}

/** Standard output of a program. @throws when it fails */
function must(program, args) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? stderr.trim()}`, { cause: error });
  return stdout;
}

function isInstalled(program) {
  return program === process.execPath || spawnSync('which', [program]).status === 0;
}

/** The round with the least processor time. @param before called before each round */
function best(words, before) {
  let least;
  let spent = 0;
  for (let round = 0; round < rounds && spent < secondsMax; round++) {
    before();
    const result = timed(words);
    spent += result.seconds;
    if (least === undefined || result.seconds < least.seconds) least = result;
  }
  return least;
}

/** User and system seconds of a command and its threads, and the most memory that it held. @throws when it fails */
function timed(words) {
  const withMemory = existsSync(gnuTime);
  const script = withMemory
    ? `exec ${gnuTime} -f "%U %S %M" "$@" 2>&1 >/dev/null`
    : 'TIMEFORMAT="%U %S"; { time "$@" >/dev/null 2>&1; } 2>&1';
  const lines = must('bash', ['-c', script, 'bash', ...words])
    .trim()
    .split('\n');
  const [user, system, memoryKib] = lines.at(-1).split(' ').map(Number);
  return { seconds: user + system, memoryKib };
}

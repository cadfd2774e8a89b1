import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Azurite in a process of its own, on a free port, with its data in a temporary folder. */
export interface Azurite {
  /** The account's URL, such as `http://127.0.0.1:41234/devstoreaccount1`. */
  readonly url: string;
  readonly account: string;
  readonly key: string;
  /** For AZURE_STORAGE_CONNECTION_STRING. */
  readonly connectionString: string;
  stop(): Promise<void>;
}

/** Why tests against Azurite are skipped; `undefined` when they run. */
export const azuriteSkipped =
  process.env['NSGFLOW_LONG'] === '1' || process.env['NSGFLOW_AZURITE'] === '1'
    ? undefined
    : 'Azurite is installed in the long run only (npm run test:long, or NSGFLOW_AZURITE=1)';

const folder = fileURLToPath(new URL('.', import.meta.url));
const main = join(folder, 'node_modules/azurite/dist/src/blob/main.js');
const account = 'devstoreaccount1';
const key = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
const startMillisMax = 30_000;
const installSecondsMax = 300;

/** Installs Azurite from this folder's own package file where it is missing, and starts it. Whoever starts it stops it. */
export async function startAzurite(): Promise<Azurite> {
  await install();
  const data = await mkdtemp(join(tmpdir(), 'nsgflow-azurite-'));
  const child = spawn(
    process.execPath,
    [main, '--blobPort', '0', '--location', data, '--skipApiVersionCheck', '--disableTelemetry', '--silent'],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
    await rm(data, { recursive: true, force: true });
  };
  let output = '';
  try {
    const origin = await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`Azurite did not start: ${output}`)), startMillisMax);
      const look = (chunk: Buffer): void => {
        output += chunk.toString();
        const found = /listens on (http:\/\/[^\s/]+)/.exec(output)?.[1];
        if (found === undefined) return;
        clearTimeout(timer);
        resolve(found);
      };
      child.stdout.on('data', look);
      child.stderr.on('data', look);
      child.once('exit', (code) => {
        clearTimeout(timer);
        reject(new Error(`Azurite ended with ${code}: ${output}`));
      });
    });
    const url = `${origin}/${account}`;
    const connectionString = `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${key};BlobEndpoint=${url};`;
    return { url, account, key, connectionString, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Test files in several processes may come here at once: the one that makes the folder `claim` installs, the others wait. */
async function install(): Promise<void> {
  const claim = join(
    tmpdir(),
    `nsgflow-azurite-install-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`,
  );
  for (let waited = 0; !existsSync(main) || existsSync(claim); waited++) {
    if (waited > installSecondsMax)
      throw new Error(`Azurite was not installed in time; if nothing installs it, remove ${claim}`);
    try {
      await mkdir(claim);
    } catch {
      await sleep(1000);
      continue;
    }
    try {
      if (!existsSync(main)) await runNpmCi();
    } finally {
      await rm(claim, { recursive: true, force: true });
    }
  }
}

async function runNpmCi(): Promise<void> {
  const npm = process.env['npm_execpath'];
  const [command, before] = npm === undefined ? ['npm', []] : [process.execPath, [npm]];
  await promisify(execFile)(command, [...before, 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    maxBuffer: 1 << 24,
    shell: npm === undefined && process.platform === 'win32',
  });
}

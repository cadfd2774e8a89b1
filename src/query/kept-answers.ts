/**
 * Answers kept between runs: the same question of the same version of a lake is answered without DuckDB. Only small ones (aggregates and
 * counts), and only those that took long.
 *
 *   <cache>/answers/<lake>-<version>-<question>.json     what was answered; all three are hashes
 *     8d3c1f0a                 CRC-32 of the file's name and of the next line
 *     {"columns":[…],…}
 *
 * A version is known by the names of its data files, which no two files share, so that an answer is never given for what it was not made of; those of
 * another version go as soon as one is kept. The cache is
 * `$NSGFLOW_CACHE`, else `nsgflow` in `$XDG_CACHE_HOME` or `~/.cache`; `NSGFLOW_CACHE=off` keeps none. Whatever fails there is as if nothing were kept.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { crc32 } from 'node:zlib';
import type { FlowError } from '../base/errors.ts';
import { fileError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import { entriesWithin } from '../blob/links.ts';
import type { Snapshot } from '../lake/snapshot.ts';
import type { Engine, Scan } from './engine.ts';
import type { Answer, AnswerColumn, Cell } from './result.ts';
import { smallAnswer } from './result.ts';
import type { Query } from './tree.ts';

/** Opens what answers `question`, and what is asked after it; `undefined` is SQL of a user. */
type OpenEngine = (question: Query | undefined) => Promise<Engine>;

type Environment = Readonly<Record<string, string | undefined>>;

/** Quicker answers, the engine's start among them, are not kept. */
const keptFromMillis = 200;

interface KeptAnswer {
  readonly columns: readonly AnswerColumn[];
  readonly rows: Cell[][];
  readonly summary?: Answer['summary'];
}

/**
 * An engine over a version of a lake that opens another one, by `open`, only when a question is not answered by what was kept. `edition` is what
 * answers depend on besides: the version of this program.
 */
export function withKeptAnswers(
  snapshot: Snapshot,
  edition: string,
  environment: Environment,
  open: OpenEngine,
): Engine {
  const folder = cacheFolder(environment);
  return new KeepingEngine(snapshot, edition, folder === undefined ? undefined : join(folder, 'answers'), open);
}

/** Removes what is kept of all versions of the lake in a folder (absolute). @throws permission, io */
export async function forgetAnswers(lake: string, environment: Environment): Promise<void> {
  const cache = cacheFolder(environment);
  if (cache === undefined) return;
  const folder = join(cache, 'answers');
  try {
    for (const name of await answersIn(folder))
      if (name.startsWith(`${hashOf(lake)}-`)) await rm(join(folder, name), { force: true });
  } catch (error) {
    const wrapped = fileError(error, `remove the answers kept in ${folder}`);
    if (wrapped.code !== 'not-found') throw wrapped;
  }
}

function cacheFolder(environment: Environment): string | undefined {
  const named = environment['NSGFLOW_CACHE'];
  if (named === 'off') return undefined;
  if (named !== undefined && named !== '') return resolve(named);
  return join(environment['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'nsgflow');
}

class KeepingEngine implements Engine {
  readonly #snapshot: Snapshot;
  readonly #edition: string;
  readonly #folder: string | undefined;
  readonly #open: OpenEngine;
  #engine: Promise<Engine> | undefined;
  #opened: Engine | undefined;
  #cancelled: FlowError | undefined;
  #kept = false;

  constructor(snapshot: Snapshot, edition: string, folder: string | undefined, open: OpenEngine) {
    this.#snapshot = snapshot;
    this.#edition = edition;
    this.#folder = folder;
    this.#open = open;
  }

  async ask(query: Query): Promise<Answer> {
    if (this.#cancelled !== undefined) throw this.#cancelled;
    if (this.#folder === undefined || (query.ask !== 'groups' && query.ask !== 'count'))
      return (await this.#real(query)).ask(query);
    const name = {
      lake: hashOf(this.#snapshot.folder),
      version: this.#versionHash(),
      question: hashOf(JSON.stringify(query)),
    };
    const known = await readKept(join(this.#folder, fileName(name)));
    this.#kept = known !== undefined;
    if (known !== undefined) return smallAnswer(known.columns, known.rows, known.summary);
    const startMillis = performance.now();
    const answer = await (await this.#real(query)).ask(query);
    return { ...answer, chunks: this.#keeping(answer, name, startMillis) };
  }

  /** The chunks of an answer as they come; kept at the end, unless they became many. */
  async *#keeping(answer: Answer, name: KeptName, startMillis: number): AsyncGenerator<Cell[][]> {
    const { columns, summary } = answer;
    const rows: Cell[][] = [];
    let isSmall = true;
    let waitMillis = performance.now() - startMillis;
    let askedMillis = performance.now();
    for await (const chunk of answer.chunks) {
      waitMillis += performance.now() - askedMillis;
      isSmall &&= rows.length + chunk.length <= limits.keptAnswerRowsMax;
      if (isSmall) for (const row of chunk) rows.push(row);
      else rows.length = 0;
      yield chunk;
      askedMillis = performance.now();
    }
    if (isSmall && waitMillis >= keptFromMillis)
      await keep(this.#folder!, name, summary === undefined ? { columns, rows } : { columns, rows, summary });
  }

  async sql(text: string): Promise<Answer> {
    return (await this.#real(undefined)).sql(text);
  }

  async writeParquet(query: Query, path: string): Promise<number> {
    return (await this.#real(query)).writeParquet!(query, path);
  }

  scan(): Scan {
    if (!this.#kept && this.#opened !== undefined) return this.#opened.scan();
    const { version, files } = this.#snapshot;
    return { version, files: files.length, filesRead: 0, bytes: 0, bytesRead: 0, rows: 0, rowsRead: 0, kept: true };
  }

  cancel(reason: FlowError): void {
    this.#cancelled ??= reason;
    this.#opened?.cancel(reason);
  }

  async close(): Promise<void> {
    await (await this.#engine?.catch(() => undefined))?.close();
  }

  async #real(question: Query | undefined): Promise<Engine> {
    this.#engine ??= this.#open(question);
    this.#opened = await this.#engine;
    if (this.#cancelled !== undefined) {
      this.#opened.cancel(this.#cancelled);
      throw this.#cancelled;
    }
    return this.#opened;
  }

  #versionHash(): string {
    const { version, files } = this.#snapshot;
    return hashOf([this.#edition, version, ...files.map(({ path, sizeBytes }) => `${path} ${sizeBytes}`)].join('\n'));
  }
}

interface KeptName {
  readonly lake: string;
  readonly version: string;
  readonly question: string;
}

function fileName({ lake, version, question }: KeptName): string {
  return `${lake}-${version}-${question}.json`;
}

/** Names of the answers in a folder: nothing else in it is ever removed. Behind a link there are none. */
async function answersIn(folder: string): Promise<string[]> {
  return (await entriesWithin(dirname(folder), folder))
    .filter((entry) => entry.isFile() && /^(?:[0-9a-f]{32}-){2}[0-9a-f]{32}\.json$/.test(entry.name))
    .map(({ name }) => name);
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

const checksumChars = 8;

function withChecksum(name: string, text: string): string {
  return `${crc32(text, crc32(name)).toString(16).padStart(checksumChars, '0')}\n${text}`;
}

/** `undefined` where nothing is kept, or what is kept is damaged. */
async function readKept(path: string): Promise<KeptAnswer | undefined> {
  try {
    const file = await readFile(path, 'utf8');
    const text = file.slice(checksumChars + 1);
    if (file !== withChecksum(basename(path), text)) return undefined;
    const { columns, rows, summary } = JSON.parse(text) as Partial<KeptAnswer>;
    if (!Array.isArray(columns) || !Array.isArray(rows)) return undefined;
    return summary === undefined ? { columns, rows } : { columns, rows, summary };
  } catch {
    return undefined;
  }
}

/** For its owner only; answers of other versions of the lake go, and of many the oldest. */
async function keep(folder: string, kept: KeptName, answer: KeptAnswer): Promise<void> {
  const text = JSON.stringify(answer);
  if (text.length > limits.keptAnswerCharsMax) return;
  const temporary = join(folder, `.${randomUUID()}.json`);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(temporary, withChecksum(fileName(kept), text), { mode: 0o600, flag: 'wx' });
    await rename(temporary, join(folder, fileName(kept)));
    const all = await answersIn(folder);
    const isOutdated = (name: string): boolean =>
      name.startsWith(`${kept.lake}-`) && !name.startsWith(`${kept.lake}-${kept.version}-`);
    for (const name of all.filter(isOutdated)) await rm(join(folder, name), { force: true });
    const names = all.filter((name) => !isOutdated(name));
    if (names.length <= limits.keptAnswersMax) return;
    const aged = await Promise.all(
      names.map(async (name) => ({ name, millis: (await stat(join(folder, name))).mtimeMs })),
    );
    aged.sort((a, b) => a.millis - b.millis);
    for (const { name } of aged.slice(0, names.length - limits.keptAnswersMax))
      await rm(join(folder, name), { force: true });
  } catch {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

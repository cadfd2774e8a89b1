/** Saved views in a file that only its owner reads: `{"NAME": {…}}`. One process writes it. */
import { readFile } from 'node:fs/promises';
import { FlowError, fileError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { privateMode, writeWhole } from '../private-file.ts';
import { ApiError } from './api-error.ts';

export class ViewStore {
  readonly #path: string | undefined;
  #writing: Promise<unknown> = Promise.resolve();

  /** @param path `undefined` where none can be saved */
  constructor(path: string | undefined) {
    this.#path = path;
  }

  /** By name. @throws permission, io, state-invalid */
  async all(): Promise<Map<string, unknown>> {
    if (this.#path === undefined) return new Map();
    let text: string;
    try {
      text = await readFile(this.#path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
      throw fileError(error, `read ${this.#path}`);
    }
    try {
      const parsed: unknown = JSON.parse(text);
      if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
        return new Map(Object.entries(parsed));
    } catch {
      // The same refusal.
    }
    throw new FlowError('state-invalid', `${this.#path} is no file of saved views`);
  }

  /** Changes the views, one change after another. @throws ApiError where none can be saved; what writing throws */
  async change(act: (views: Map<string, unknown>) => void): Promise<void> {
    const path = this.#path;
    if (path === undefined)
      throw new ApiError(404, 'not-found', 'this console keeps no views', { hint: 'Start it with --views FILE.' });
    const done = this.#writing.then(async () => {
      const views = await this.all();
      act(views);
      const text = `${JSON.stringify(Object.fromEntries(views), undefined, 2)}\n`;
      if (text.length > limits.consoleViewsBytesMax) throw new ApiError(413, 'usage', 'the saved views are too large');
      await writeWhole(path, text, privateMode);
    });
    this.#writing = done.catch(() => undefined);
    await done;
  }
}

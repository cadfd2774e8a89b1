import type { FlowError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { SourceBlob } from './source-blob.ts';

/** Containers that do not respond: their other blobs are skipped, and the blobs of other containers are read. */
export class AwaySources {
  /** The first failure that concerns more than one blob; `undefined` if there was none. */
  failure: FlowError | undefined;
  /** Consecutive failures, by container. */
  readonly #failures = new Map<string, number>();

  has(blob: SourceBlob): boolean {
    return (this.#failures.get(sourceOf(blob)) ?? 0) >= limits.sourceFailuresMax;
  }

  answered(blob: SourceBlob): void {
    if (!this.has(blob)) this.#failures.delete(sourceOf(blob));
  }

  failed(blob: SourceBlob, error: FlowError): void {
    this.failure ??= error;
    const source = sourceOf(blob);
    const count = error.code === 'unavailable' ? 1 : limits.sourceFailuresMax;
    this.#failures.set(source, (this.#failures.get(source) ?? 0) + count);
  }
}

function sourceOf({ container, key, name }: SourceBlob): string {
  return container?.location ?? key.slice(0, -name.length);
}

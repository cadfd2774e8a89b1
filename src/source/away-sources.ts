import type { FlowError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { SourceBlob } from './source-blob.ts';

/** Which containers do not answer: their blobs are not tried any more, those of others are. */
export class AwaySources {
  /** The first failure that was not a blob's own; `undefined` where there was none. */
  failure: FlowError | undefined;
  /** Failures in a row. */
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

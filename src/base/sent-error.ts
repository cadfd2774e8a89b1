/** Errors between threads and processes: on the way they lose their class, so what a FlowError has goes by itself. */
import { FlowError } from './errors.ts';

/** As it is sent; errors that are no FlowError go as they are. */
export function sentError(error: unknown): unknown {
  if (!(error instanceof FlowError)) return error;
  return { code: error.code, message: error.message, hint: error.hint };
}

/** What `sentError` was given, without its cause. */
export function receivedError(error: unknown): unknown {
  const { code, message, hint } = error as Partial<FlowError>;
  if (error instanceof Error || code === undefined || message === undefined) return error;
  return new FlowError(code, message, hint === undefined ? {} : { hint });
}

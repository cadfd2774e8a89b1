/**
 * The thread of a template: it runs one call after another, asks the main thread for existing resources, and waits for
 * the response.
 */
import type { MessagePort } from 'node:worker_threads';
import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { Json, JsonObject } from '../../arm-template/value.ts';
import { ArmError } from '../arm-error.ts';
import type { Live, TemplateJob, TemplateSession } from './template-session.ts';
import { openSession } from './template-session.ts';

export interface TemplateThreadData {
  readonly job: TemplateJob;
  readonly calls: MessagePort;
  readonly questions: MessagePort;
  /** One number: 1 when the response has arrived. */
  readonly signal: Int32Array<SharedArrayBuffer>;
}

export type TemplateCall =
  | { readonly method: 'plan' | 'outputs' }
  | { readonly method: 'bodyOf' | 'forecastOf'; readonly index: number };

/** A message of the thread: the result of a call, the message of `InvalidTemplate`, or an unexpected error. */
export type TemplateAnswer =
  | { readonly result: unknown }
  | { readonly invalid: string; readonly target: string | undefined }
  | { readonly fault: unknown };

export interface TemplateQuestion {
  readonly method: keyof Live;
  readonly id: string;
}

function serve({ job, calls, questions, signal }: TemplateThreadData): void {
  const ask = (method: keyof Live, id: string): unknown => {
    Atomics.store(signal, 0, 0);
    questions.postMessage({ method, id } satisfies TemplateQuestion, []);
    Atomics.wait(signal, 0, 0);
    return receiveMessageOnPort(questions)?.message;
  };
  const session = openSession(job, {
    existing: (id) => ask('existing', id) as JsonObject | undefined,
    keys: (id) => ask('keys', id) as Json | undefined,
  });
  calls.on('message', (call: TemplateCall) => calls.postMessage(answerTo(session, call), []));
}

function answerTo(session: TemplateSession, call: TemplateCall): TemplateAnswer {
  try {
    return { result: 'index' in call ? session[call.method](call.index) : session[call.method]() };
  } catch (error) {
    return error instanceof ArmError ? { invalid: error.message, target: error.target } : { fault: error };
  }
}

serve(workerData as TemplateThreadData);

/**
 * Templates in their own threads, a few at a time: evaluating one can take one or two seconds, which would block the
 * recorder. When the source runs without a build, there is no file for a thread, and templates are evaluated here.
 */
import { MessageChannel, Worker } from 'node:worker_threads';
import type { JsonObject } from '../../arm-template/value.ts';
import { limits } from '../../base/limits.ts';
import { ArmError } from '../arm-error.ts';
import type { Forecast, Live, TemplateJob, TemplatePlan } from './template-session.ts';
import { openSession } from './template-session.ts';
import type { TemplateAnswer, TemplateCall, TemplateQuestion, TemplateThreadData } from './template-worker.ts';

/** A `TemplateSession`, in this thread or another one. */
export interface TemplateRun {
  plan(): Promise<TemplatePlan>;
  bodyOf(index: number): Promise<JsonObject>;
  forecastOf(index: number): Promise<Forecast>;
  outputs(): Promise<JsonObject>;
}

const workerPlace = new URL('template-worker.js', import.meta.url);
const canThread = import.meta.url.endsWith('.js');
let running = 0;
const waiting: (() => void)[] = [];

/** Evaluates a template for `use`, then ends its thread. */
export async function withTemplate<T>(job: TemplateJob, live: Live, use: (run: TemplateRun) => Promise<T>): Promise<T> {
  if (!canThread) return use(runHere(job, live));
  if (running >= limits.deploymentThreadsMax) await new Promise<void>((resolve) => waiting.push(resolve));
  else running++;
  const thread = startThread(job, live);
  try {
    return await use(thread.run);
  } finally {
    await thread.end();
    const next = waiting.shift();
    if (next === undefined) running--;
    else next();
  }
}

function runHere(job: TemplateJob, live: Live): TemplateRun {
  const session = openSession(job, live);
  return {
    plan: async () => session.plan(),
    bodyOf: async (index) => session.bodyOf(index),
    forecastOf: async (index) => session.forecastOf(index),
    outputs: async () => session.outputs(),
  };
}

function startThread(job: TemplateJob, live: Live): { run: TemplateRun; end: () => Promise<unknown> } {
  const signal = new Int32Array(new SharedArrayBuffer(4));
  const calls = new MessageChannel();
  const questions = new MessageChannel();
  const data: TemplateThreadData = { job, calls: calls.port2, questions: questions.port2, signal };
  const worker = new Worker(workerPlace, {
    workerData: data,
    transferList: [calls.port2, questions.port2],
    resourceLimits: { maxOldGenerationSizeMb: limits.deploymentMemoryMegabytesMax },
  });
  let underWay: { resolve: (value: unknown) => void; reject: (error: unknown) => void } | undefined;
  let failure: unknown;
  const fail = (error: unknown): void => {
    failure ??= error;
    underWay?.reject(failure);
  };
  worker.on('error', (error: NodeJS.ErrnoException) =>
    fail(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? tooLarge() : error),
  );
  worker.on('exit', () => fail(new Error('the thread that evaluates a template ended too early')));
  questions.port1.on('message', ({ method, id }: TemplateQuestion) => {
    let answer: unknown;
    try {
      answer = live[method](id);
    } catch (error) {
      fail(error);
    }
    questions.port1.postMessage(answer, []);
    Atomics.store(signal, 0, 1);
    Atomics.notify(signal, 0);
  });
  calls.port1.on('message', (answer: TemplateAnswer) => {
    if ('result' in answer) underWay?.resolve(answer.result);
    else if ('invalid' in answer)
      underWay?.reject(new ArmError('InvalidTemplate', answer.invalid, { target: answer.target }));
    else underWay?.reject(answer.fault);
  });
  const call = (what: TemplateCall): Promise<unknown> =>
    new Promise((resolve, reject) => {
      underWay = { resolve, reject };
      if (failure !== undefined) reject(failure);
      else calls.port1.postMessage(what, []);
    });
  return {
    run: {
      plan: async () => (await call({ method: 'plan' })) as TemplatePlan,
      bodyOf: async (index) => (await call({ method: 'bodyOf', index })) as JsonObject,
      forecastOf: async (index) => (await call({ method: 'forecastOf', index })) as Forecast,
      outputs: async () => (await call({ method: 'outputs' })) as JsonObject,
    },
    async end() {
      calls.port1.close();
      questions.port1.close();
      await worker.terminate();
    },
  };
}

function tooLarge(): ArmError {
  return new ArmError(
    'InvalidTemplate',
    `Deployment template validation failed: it takes more than ${limits.deploymentMemoryMegabytesMax} MB of memory to evaluate.`,
  );
}

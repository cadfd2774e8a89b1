/** The thread of the language service: one request after another. */
import { parentPort } from 'node:worker_threads';
import { answerLanguage } from './analyze.ts';
import type { LanguageRequest } from './syntax.ts';

parentPort?.on('message', (request: LanguageRequest) => parentPort?.postMessage(answerLanguage(request), []));

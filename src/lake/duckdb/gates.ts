/**
 * How many threads of Node's pool DuckDB's calls take. A call keeps its thread until it ends, and file access of the whole process takes threads of the
 * same pool: half of them are for questions, a quarter for what lakes do for themselves, and the rest stays free for files.
 */
import { Gate } from '../../base/gate.ts';

/** The pool has been as large as this since its first use: the variable is set before the process begins, or by cli/nsgflow.cts. */
const { UV_THREADPOOL_SIZE: size = '4' } = process.env;
/** What is no number is one thread to Node. */
const poolThreads = Number.parseInt(size, 10) || 1;

export const questionGate = new Gate(Math.max(1, Math.floor(poolThreads / 2)));
export const lakeGate = new Gate(Math.max(1, Math.floor(poolThreads / 4)));

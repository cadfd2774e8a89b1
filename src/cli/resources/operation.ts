import { setTimeout as sleep } from 'node:timers/promises';
import { FlowError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { objectOf, textOf } from '../../control/resources/resource.ts';
import type { ArmAnswer } from './exchange.ts';

/** A pause between two polls if Azure names none, and the longest that is accepted. */
const pauseSeconds = 5;
const pauseSecondsMax = 60;

/**
 * The last answer of a long operation that began with the answer `began`: the state of its `Azure-AsyncOperation`, or
 * the answer at its `Location`. An operation that was done at once has neither, and `began` is returned.
 * Source: Azure Resource Manager, "Track asynchronous Azure operations".
 * @throws unavailable where it failed, or goes on after `limits.armPollsMax` polls
 */
export async function operationEnd(
  began: ArmAnswer,
  poll: (url: string) => Promise<ArmAnswer>,
  doing: string,
): Promise<ArmAnswer> {
  const state = began.headers['azure-asyncoperation']?.toString();
  let place = state ?? began.headers['location'];
  if (place === undefined || (state === undefined && began.status !== 202)) return began;
  let answer = began;
  for (let polls = 0; polls < limits.armPollsMax; polls++) {
    await sleep(1000 * pauseOf(answer));
    answer = await poll(place);
    if (state === undefined) {
      if (answer.status !== 202) return answer;
      place = answer.headers['location'] ?? place;
      continue;
    }
    if (answer.status !== 200) return answer;
    const status = textOf(answer.json['status']).toLowerCase();
    if (status === 'succeeded') return answer;
    if (status === 'failed' || status === 'canceled') throw failed(answer, doing);
  }
  throw new FlowError('unavailable', `${doing} has not ended after ${limits.armPollsMax} polls`, {
    hint: 'It may still succeed: nsgflow flow-log show shows the flow log.',
  });
}

function pauseOf({ headers }: ArmAnswer): number {
  const seconds = Number(headers['retry-after'] ?? pauseSeconds);
  return seconds >= 0 ? Math.min(seconds, pauseSecondsMax) : pauseSeconds;
}

function failed({ json }: ArmAnswer, doing: string): FlowError {
  const error = objectOf(json['error']);
  const [code, message] = [textOf(error['code']), textOf(error['message'])];
  const status = textOf(json['status']);
  return new FlowError('unavailable', code === '' ? `${doing} ended with the state ${status}` : `${code}: ${message}`);
}

import { conditionSql, fieldsOf } from './condition-sql.ts';
import type { ConversationScope } from './conversation.ts';
import { fiveTupleFields } from './conversation.ts';

/** Conversations asked for at the most for which this pays. */
const firstMax = 2000;
/** Tuples looked at for each conversation asked for: the first ones mostly are of different five-tuples. */
const tuplesPerConversation = 8;

/**
 * The scope of the first `limit` conversations in order of time, and perhaps of others: so few tuples that putting them together takes no
 * time. `undefined` where the condition asks for more than five-tuples, of which alone each with a tuple has a conversation.
 *
 * Up to the time of the nth tuple there are `limit` five-tuples or more, so as many conversations have begun, and whichever began by then has a
 * tuple by then. Where there are fewer five-tuples than that, all are in the scope.
 */
export function firstConversations(scope: ConversationScope, limit: number | undefined): ConversationScope | undefined {
  const { dialect, parameters, rows, tests, condition, few = false } = scope;
  if (limit === undefined || limit < 1 || limit > firstMax || few || !dialect.quick) return undefined;
  if (condition !== undefined && ![...fieldsOf(condition)].every((field) => fiveTupleFields.has(field)))
    return undefined;
  // Two columns are enough to leave most tuples out, and take half the time of five.
  const [key] = dialect.key(['src_ip', 'src_port']);
  const all = condition === undefined ? tests : [...tests, conditionSql(condition, dialect, parameters)];
  const where = all.length === 0 ? '' : ` WHERE ${all.join(' AND ')}`;
  const first = `SELECT ${key} AS one, time FROM ${rows}${where} ORDER BY time LIMIT ${tuplesPerConversation * limit}`;
  const until = `SELECT CASE WHEN count(DISTINCT one) >= ${limit} THEN max(time) ELSE 'infinity' END FROM (${first}) f`;
  const among = `${key} IN (SELECT ${key} FROM ${rows} WHERE ${[...all, `time <= (${until})`].join(' AND ')})`;
  return { ...scope, tests: [...tests, among], few: true };
}

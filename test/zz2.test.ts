import { test } from 'vitest';
import { openDuckdb } from '../src/lake/duckdb.ts';
test('x', async () => {
  const d = await openDuckdb(); const c = await d.connect();
  await c.run(`create table t as select make_timestamptz(1) as time, 5::bigint as x, [1,2]::bigint[] as l`);
  for (const q of [
   `select typeof(bucket) from (select x as bucket, time as first from t union all select x, cast(null as timestamptz) as first from t)`,
   `select typeof(bucket) from (select x as bucket, time as first from t union all select piece * 300000 as bucket, cast(null as timestamptz) as first from (select unnest(generate_series(x // 3, x)) as piece from t))`,
   `with counted as materialized (select bucket, min(first) as first from (select x as bucket, time as first from t) group by bucket) select typeof(bucket) from counted`,
   `with counted as materialized (select bucket, sum(flow) as flow, min(first) as first from (select x as bucket, 1 as flow, time as first from t) group by bucket) select typeof(bucket) from (select bucket, m, f from (select bucket, min(first) as m from counted group by bucket) as s1 cross join (select sum(flow) as f from counted) as s2) as s3`,
   `with counted as materialized (select bucket, sum(flow) as flow, min(first) as first from (select x as bucket, 1 as flow, time as first from t) group by bucket) select make_timestamptz(bucket * 1000) as time, m, f from (select bucket, m, f from (select bucket, min(first) as m from counted group by bucket) as s1 cross join (select sum(flow) as f from counted) as s2) as s3 order by s3.bucket`,
   `select make_timestamptz(bucket * 1000) as time, m from (select x as bucket, time as m from t) as s3 order by s3.bucket`,
   `select x + 1 as time, m from (select x, time as m from t) as s3 order by s3.x`,
  ]) console.log(await c.runAndReadAll(q).then(r => String(r.getRows()), e => q + ' ' + String(e).slice(0, 200)));
  await d.close();
});

// Made-up NSG flow logs, version 2: 12 NICs of 4 NSGs, about 48,000 tuples a NIC and hour, the same for the same arguments. One connection in six is
// between two of the NICs, which both log it; one tuple in six was denied; a third of what was allowed goes on for some ticks of five minutes.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const start = Date.UTC(2020, 10, 13) / 1000;
const nics = Array.from({ length: 12 }, (_, i) => ({
  mac: `000D3AF8${(0x1000 + i).toString(16).toUpperCase()}`,
  address: `10.0.${i}.4`,
  resource: `/SUBSCRIPTIONS/00000000-0000-0000-0000-000000000001/RESOURCEGROUPS/RG${i % 4}/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/NSG${i % 4}`,
}));
const ports = [443, 443, 443, 80, 53, 1433, 22, 3389, 8080, 123];
const newPerMinute = 4600;

/** Numbers below `end`, made by mulberry32. */
export function randomNumbers(seed) {
  let state = seed;
  return (end) => {
    state = (state + 0x6d2b79f5) | 0;
    let hash = Math.imul(state ^ (state >>> 15), 1 | state);
    hash = (hash + Math.imul(hash ^ (hash >>> 7), 61 | hash)) ^ hash;
    return Math.floor((((hash ^ (hash >>> 14)) >>> 0) / 2 ** 32) * end);
  };
}

/** Few hosts are met often: the smaller the number, the oftener. */
const hostOf = (random) => {
  const host = Math.floor(60_000 ** (random(1_000_000) / 1_000_000));
  return host % 30 === 7
    ? `2603:1030:${(host & 0xffff).toString(16)}::${(host % 97) + 1}`
    : `${20 + (host % 150)}.${(host >> 3) & 255}.${(host * 7) & 255}.${1 + (host % 250)}`;
};

/** Writes the blobs of so many hours, and those of `more` minutes of the next hour to a folder of their own. */
export function makeFlowLogs(folder, hours, moreFolder, more = 0) {
  const random = randomNumbers(1);
  const wheel = Array.from({ length: 5 }, () => []);
  let port = 1024;
  let bytes = 0;
  let tuples = 0;
  let moreTuples = 0;

  /** What the NICs of a connection log of it, a tuple each. */
  const log = (lines, connection, time, state, counters) => {
    for (const { nic, direction, rule } of connection.seenBy) {
      const { source, from, target, to, protocol, access } = connection;
      const text = `${time},${source},${target},${from},${to},${protocol},${direction},${access},${state},${counters}`;
      (lines[nic][rule] ??= []).push(text);
    }
    return connection.seenBy.length;
  };
  const counters = () => `${1 + random(40)},${60 + random(50_000)},${1 + random(40)},${60 + random(90_000)}`;

  const connect = () => {
    port = port >= 65_000 ? 1024 : port + 1 + random(4);
    const nic = random(nics.length);
    const own = nics[nic].address;
    const protocol = random(5) === 0 ? 'U' : 'T';
    const kind = random(100);
    const to = kind < 28 ? random(65_536) : ports[random(ports.length)];
    const outbound = { source: own, from: port, to, protocol, access: 'A' };
    if (kind >= 28 && kind < 45) {
      const peer = (nic + 1 + random(nics.length - 1)) % nics.length;
      const atSource = { nic, direction: 'O', rule: 'DefaultRule_AllowVnetOutBound' };
      const atTarget = { nic: peer, direction: 'I', rule: 'DefaultRule_AllowVnetInBound' };
      return { ...outbound, target: nics[peer].address, seenBy: [atSource, atTarget] };
    }
    const host = hostOf(random);
    if (kind >= 45 && kind < 75) {
      const seenBy = [{ nic, direction: 'O', rule: 'DefaultRule_AllowInternetOutBound' }];
      return { ...outbound, target: host, seenBy };
    }
    const access = kind < 28 ? 'D' : 'A';
    const rule = access === 'D' ? 'DefaultRule_DenyAllInBound' : 'UserRule_AllowHttpsInbound';
    const seenBy = [{ nic, direction: 'I', rule }];
    return { source: host, from: 1024 + random(64_000), target: own, to, protocol, access, seenBy };
  };

  for (let hour = 0; hour < hours + (more > 0 ? 1 : 0); hour++) {
    const isMore = hour === hours;
    const records = nics.map(() => []);
    for (let minute = 0; minute < (isMore ? more : 60); minute++) {
      const time = start + hour * 3600 + minute * 60;
      const lines = nics.map(() => ({}));
      const due = wheel[minute % 5];
      wheel[minute % 5] = [];
      let written = 0;
      for (const connection of due) {
        const ends = random(100) < 60;
        written += log(lines, connection, time + random(60), ends ? 'E' : 'C', counters());
        if (!ends) wheel[minute % 5].push(connection);
      }
      for (let i = 0; i < newPerMinute; i++) {
        const connection = connect();
        const begin = time + random(60);
        written += log(lines, connection, begin, 'B', ',,,');
        if (connection.access === 'D') continue;
        const fate = random(100);
        if (fate < 55) written += log(lines, connection, begin + random(5), 'E', counters());
        else if (fate < 90) wheel[minute % 5].push(connection);
      }
      if (isMore) moreTuples += written;
      else tuples += written;
      nics.forEach(({ mac, resource }, nic) => {
        const flows = Object.entries(lines[nic]).map(([rule, flowTuples]) => ({ rule, flows: [{ mac, flowTuples }] }));
        const at = new Date((time + 60) * 1000).toISOString();
        records[nic].push(
          `{"time":"${at}","systemId":"b8cf8f4d-05a1-4e5c-9a55-4f2c3b8f2a11","macAddress":"${mac}","category":"NetworkSecurityGroupFlowEvent","resourceId":"${resource}","operationName":"NetworkSecurityGroupFlowEvents","properties":${JSON.stringify({ Version: 2, flows })}}`,
        );
      });
    }
    const at = new Date((start + hour * 3600) * 1000).toISOString();
    const [, year, month, day, ofDay] = /^(\d+)-(\d+)-(\d+)T(\d+)/.exec(at);
    nics.forEach(({ mac, resource }, nic) => {
      const place = `resourceId=${resource}/y=${year}/m=${month}/d=${day}/h=${ofDay}/m=00/macAddress=${mac}`;
      const blob = join(isMore ? moreFolder : folder, 'insights-logs-networksecuritygroupflowevent', place);
      mkdirSync(blob, { recursive: true });
      const text = `{"records":[${records[nic].join(',')}]}`;
      writeFileSync(join(blob, 'PT1H.json'), text);
      if (!isMore) bytes += text.length;
    });
  }
  return { bytes, tuples, moreTuples };
}

// The control plane over HTTPS: 2,000 resources, 100 requests a second. Latencies are those of the client, connections kept open.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const subscription = '/subscriptions/00000000-0000-0000-0000-000000000000';
const group = `${subscription}/resourceGroups/bench`;
const nsgs = `${group}/providers/Microsoft.Network/networkSecurityGroups`;
const version = 'api-version=2025-05-01';
const location = 'westeurope';

export async function run(resources = 2000, perSecond = 100, seconds = 30) {
  const data = mkdtempSync(join(tmpdir(), 'nsgflow-bench-serve-'));
  const args = [
    'dist/cli/nsgflow.cjs',
    'serve',
    '--data',
    data,
    '--listen',
    '127.0.0.1:0',
    '--no-request-log',
    '--no-ingest',
    '--auth',
    'any',
  ];
  const service = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    const origin = await new Promise((resolve, reject) => {
      let text = '';
      service.stderr.on('data', (part) => {
        text += part;
        const found = /^listening at (\S+)$/m.exec(text);
        if (found !== null) resolve(found[1]);
      });
      service.once('exit', () => reject(new Error(text)));
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 32, ca: readFileSync(join(data, 'tls', 'ca.pem')) });
    const ask = (method, path, body) =>
      askOnce(agent, new URL(`${path}${path.includes('?') ? '&' : '?'}${version}`, origin), method, body);

    await ask('PUT', group, { location });
    const startMillis = performance.now();
    await eight(resources - 1, (i) =>
      ask('PUT', `${nsgs}/nsg-${i}`, {
        location,
        properties: { securityRules: [{ name: 'AllowHttps', properties: rule(443) }] },
      }),
    );
    const fillSeconds = (performance.now() - startMillis) / 1000;

    const kinds = {
      'GET, one NSG': (i) => ask('GET', `${nsgs}/nsg-${(i * 7919) % (resources - 1)}`),
      'PUT, one NSG': (i) =>
        ask('PUT', `${nsgs}/nsg-${(i * 7907) % (resources - 1)}`, { location, tags: { turn: String(i) } }),
      'PUT, one rule': (i) =>
        ask('PUT', `${nsgs}/nsg-${(i * 7901) % (resources - 1)}/securityRules/AllowHttps`, {
          properties: rule(1 + (i % 60000)),
        }),
      'GET, one page of a list': () => ask('GET', `${nsgs}?$top=100`),
    };
    const names = Object.keys(kinds);
    const weights = [70, 10, 15, 5];
    const millis = Object.fromEntries(names.map((name) => [name, []]));
    const running = [];
    const begin = performance.now();
    for (let i = 0; i < perSecond * seconds; i++) {
      const wait = begin + (i * 1000) / perSecond - performance.now();
      if (wait > 0) await sleep(wait);
      let pick = (i * 37) % 100;
      const name = names[weights.findIndex((weight) => (pick -= weight) < 0)];
      const sent = performance.now();
      running.push(kinds[name](i).then(() => millis[name].push(performance.now() - sent)));
    }
    await Promise.all(running);
    agent.destroy();
    const rows = names.map((name) => row(name, millis[name]));
    rows.push(row('all', Object.values(millis).flat()));
    return {
      title: `Control plane over HTTPS, ${resources.toLocaleString('en-US')} resources, ${perSecond} requests a second for ${seconds} s, milliseconds; filled with ${Math.round(resources / fillSeconds)} PUTs a second`,
      header: ['request', 'count', 'p50', 'p99', 'max'],
      rows,
    };
  } finally {
    service.kill('SIGTERM');
    await new Promise((resolve) => service.once('exit', resolve));
    rmSync(data, { recursive: true, force: true });
  }
}

function rule(port) {
  return {
    priority: 100,
    direction: 'Inbound',
    access: 'Allow',
    protocol: 'Tcp',
    sourceAddressPrefix: '*',
    sourcePortRange: '*',
    destinationAddressPrefix: '*',
    destinationPortRange: String(port),
  };
}

async function eight(count, act) {
  let next = 0;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (next < count) await act(next++);
    }),
  );
}

function askOnce(agent, url, method, body) {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: 'Bearer any',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const asked = request(url, { agent, method, headers }, (answer) => {
      answer.resume();
      answer.on('end', () =>
        answer.statusCode < 300 ? resolve() : reject(new Error(`${method} ${url.pathname}: ${answer.statusCode}`)),
      );
    });
    asked.on('error', reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function row(name, millis) {
  const sorted = [...millis].sort((a, b) => a - b);
  const at = (share) => (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(1);
  return [name, sorted.length.toLocaleString('en-US'), at(0.5), at(0.99), at(1)];
}

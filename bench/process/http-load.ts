import { Agent, get } from 'node:http';
import { now, sleep } from '../clock.js';

export interface LoadOptions {
  readonly port: number;
  /** Requests a second. */
  readonly rate: number;
  readonly seconds: number;
}

/**
 * Requests at a steady rate, whether or not the earlier ones were answered; resolves to their latencies in milliseconds,
 * each from when it should have been sent, so that a stalled server is not spared the requests that it held up.
 */
export async function loadRoute({ port, rate, seconds }: LoadOptions): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 50 });
  const latencies: number[] = [];
  const answered: Promise<void>[] = [];
  const began = now();
  const total = Math.round(rate * seconds);
  for (let sent = 0; sent < total; sent += 1) {
    const due = began + (sent * 1_000) / rate;
    if (due > now()) await sleep(due - now());
    // Timers are as late as a millisecond, which is this process's doing and not the server's.
    const since = Math.max(due, now() - 1);
    answered.push(request(agent, port).then(() => void latencies.push(now() - since)));
  }
  await Promise.all(answered);
  agent.destroy();
  return latencies;
}

function request(agent: Agent, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, agent }, (response) => {
      response.resume();
      response.on('end', resolve);
    }).on('error', reject);
  });
}

import { formatTable } from '../report/table.js';
import { IDLE_QUEUE } from './fill.js';

/** What a tab asks for while somebody else does something heavy. */
const SMALL = ['queues', 'problems', 'tasks?limit=50', 'metrics?window=1h'];

interface Heavy {
  readonly title: string;
  /** How many at once. */
  readonly at: number;
  readonly times: number;
  readonly ask: (panel: string) => Promise<Response>;
}

const HEAVY: readonly Heavy[] = [
  { title: 'nothing', at: 0, times: 1, ask: () => Promise.resolve(new Response('')) },
  { title: 'one search by text', at: 1, times: 12, ask: (panel) => fetch(`${panel}/tasks?search=nowhere+at+all`) },
  {
    title: 'four searches by text at once',
    at: 4,
    times: 4,
    ask: (panel) => fetch(`${panel}/tasks?search=nowhere+at+all`),
  },
  {
    title: 'a week of metrics by task, four at once',
    at: 4,
    times: 12,
    ask: (panel) => fetch(`${panel}/metrics?window=7d&by=name&histograms=true`),
  },
  {
    title: 'to cancel all that waits, 100,000 tasks',
    at: 1,
    times: 1,
    ask: (panel) =>
      fetch(`${panel}/tasks/bulk`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ action: 'cancel', filter: { queue: IDLE_QUEUE, state: 'available' } }),
      }),
  },
];

/** A table of how long small requests take beside heavy ones: what holds the engine up holds them up. */
export async function measureBeside(origin: string): Promise<string> {
  const panel = `${origin}/admin/tasks/api`;
  const rows: string[][] = [];
  for (const { title, at, times, ask } of HEAVY) {
    const small: number[] = [];
    const heavy: number[] = [];
    let isOver = false;
    const watch = async (): Promise<void> => {
      const until = performance.now() + 2_000;
      while (at === 0 ? performance.now() < until : !isOver) {
        for (const path of SMALL) small.push(await timed(() => fetch(`${panel}/${path}`)));
      }
    };
    const work = Array.from({ length: at }, async () => {
      for (let time = 0; time < times; time += 1) heavy.push(await timed(() => ask(panel)));
    });
    const watching = watch();
    await Promise.all(work);
    isOver = true;
    await watching;
    small.sort((one, other) => one - other);
    rows.push([
      title,
      heavy.length === 0 ? '–' : ms(Math.max(...heavy)),
      ms(small[small.length >> 1]!),
      ms(small[Math.floor(small.length * 0.95)]!),
      ms(small.at(-1)!),
      String(small.length),
    ]);
  }
  return formatTable(['beside', 'its slowest', 'small requests: median', 'p95', 'slowest', 'how many'], rows);
}

async function timed(ask: () => Promise<Response>): Promise<number> {
  const began = performance.now();
  const response = await ask();
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${response.url}: ${response.status}`);
  return performance.now() - began;
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}

/**
 * A process that behaves like a browser's tab with the panel: it listens to the changes, and reads the overview and the
 * newest tasks anew after each event.
 */
const api = new URL('/admin/tasks/api/', process.argv[2]);
const VIEWS = ['queues', 'metrics?window=1h', 'workers', 'tasks?limit=50'];

async function listen(): Promise<void> {
  const events = await fetch(new URL('events', api));
  process.send!('listening');
  for await (const _ of events.body!) {
    for (const view of VIEWS) await (await fetch(new URL(view, api))).arrayBuffer();
  }
}

void listen();

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compiled } from '../support/run/compiled.js';
import { until } from '../support/until.js';
import { ServerProcess } from './support/server-process.js';

interface Answer {
  state: string;
  percent: number;
  tasks: { total: number; ended: number };
  nodes: Record<string, number>;
  result?: { join?: { file: string; pages: number }; apologise?: { file: string } };
}

const PAGES = 1_200;

describe('the sample of a document pipeline', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-tasks-documents-'));
  let app: ServerProcess;
  let main: string;

  const startApp = async (): Promise<void> => {
    app = await ServerProcess.start([main], { cwd: folder, env: { PORT: '0' } });
  };

  beforeAll(async () => {
    main = (await compiled()).file('sample/document-pipeline/main');
    await startApp();
  }, 120_000);
  afterAll(async () => {
    await app?.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  const send = async (id: string, pages: readonly string[]): Promise<{ started: boolean }> => {
    const body = pages.join('\f');
    const response = await fetch(`${app.url}/documents/${id}`, {
      method: 'PUT',
      headers: { 'content-type': 'text/plain' },
      body,
    });
    expect(response.status).toBe(200);
    return (await response.json()) as { started: boolean };
  };

  const reaches = (id: string, what: string, condition: (answer: Answer) => boolean): Promise<Answer> =>
    until(`document ${id} to be ${what}`, async () => {
      const { body } = await app.get<Answer>(`/documents/${id}`);
      return condition(body) && body;
    });

  it('renders more than a thousand pages over a kill, each once, and joins them in their order', async () => {
    const pages = Array.from({ length: PAGES }, (_, index) => `<Page ${index + 1}>`);
    expect(await send('long', pages)).toEqual({ started: true });
    await reaches('long', 'under way', ({ tasks }) => tasks.ended > 100);
    await app.end('SIGKILL');
    await startApp();
    expect(await send('long', pages)).toEqual({ started: false });
    const { tasks, nodes, result } = await reaches('long', 'over', ({ state }) => state === 'completed');
    // Its pages, and those that split, join, and would apologise.
    expect(tasks).toEqual({ total: PAGES + 3, ended: PAGES + 3 });
    expect(nodes).toMatchObject({ completed: 2, cancelled: 1 });
    expect(result).toEqual({ join: { file: 'documents/long.html', pages: PAGES } });
    const html = readFileSync(join(folder, result!.join!.file), 'utf8').split('\n');
    expect(html).toEqual(
      pages.map((_, index) => `<section id="page-${index + 1}">&lt;Page ${index + 1}&gt;</section>`),
    );
  });

  it('apologises where a page cannot be read, and has not failed then', async () => {
    await send('broken', ['One', 'T\uFFFDo', 'Three']);
    const { nodes, result } = await reaches('broken', 'over', ({ state }) => state === 'completed');
    expect(nodes).toMatchObject({ failed: 1, completed: 1, cancelled: 1 });
    expect(result).toEqual({ apologise: { file: 'documents/broken.html' } });
    expect(readFileSync(join(folder, 'documents/broken.html'), 'utf8')).toContain('cannot be read');
  });
});

import { IsInt, IsString } from 'class-validator';
import { type TaskContext, TaskHandler } from 'nestjs-tasks';
import { Documents } from './documents.js';

/** Tasks that are on their way into the store beside each other. */
const AT_ONCE = 100;

export class DocumentParams {
  @IsString() document!: string;
}

export class PageParams extends DocumentParams {
  @IsInt() page!: number;
}

export interface RenderedPage {
  readonly page: number;
  readonly html: string;
}

export interface Published {
  readonly file: string;
  readonly pages: number;
}

/** How many pages there are is known only here: it adds a task for each, and whoever waits for it waits for all of them. */
@TaskHandler('split', { params: DocumentParams })
export class SplitHandler {
  constructor(private readonly documents: Documents) {}

  async handle({ document }: DocumentParams, task: TaskContext): Promise<{ pages: number }> {
    const { length } = await this.documents.pages(document);
    for (let first = 1; first <= length; first += AT_ONCE) {
      const pages = Array.from({ length: Math.min(AT_ONCE, length - first + 1) }, (_, index) => first + index);
      // Under a key, a page that was added before the process died is not added twice.
      await Promise.all(
        pages.map((page) => task.add('pages', 'render_page', { document, page }, { key: `page ${page}` })),
      );
    }
    return { pages: length };
  }
}

/** Any of hundreds, in whichever process is free. */
@TaskHandler('render_page', { params: PageParams, maxRetries: 1, retryDelay: '100ms' })
export class RenderPageHandler {
  constructor(private readonly documents: Documents) {}

  async handle({ document, page }: PageParams): Promise<RenderedPage> {
    const text = (await this.documents.pages(document))[page - 1];
    if (text === undefined || text.includes('\uFFFD')) throw new Error(`Page ${page} cannot be read.`);
    return {
      page,
      html: `<section id="page-${page}">${text.replace(/[&<>]/g, (sign) => ESCAPED[sign] ?? sign)}</section>`,
    };
  }
}

const ESCAPED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** Runs once all pages are there. */
@TaskHandler('join', { params: DocumentParams })
export class JoinHandler {
  constructor(private readonly documents: Documents) {}

  async handle({ document }: DocumentParams, task: TaskContext): Promise<Published> {
    const { pages } = await task.resultOf<{ pages: number }>('split');
    const html = Array<string>(pages);
    // They are read a few hundred at a time, in the order in which they were added.
    for await (const rendered of task.resultsOf<RenderedPage>('render_page')) html[rendered.page - 1] = rendered.html;
    return { file: await this.documents.publish(document, html.join('\n')), pages };
  }
}

/** Runs in the place of `join` where a page could not be rendered. */
@TaskHandler('apologise', { params: DocumentParams })
export class ApologiseHandler {
  constructor(private readonly documents: Documents) {}

  async handle({ document }: DocumentParams): Promise<{ file: string }> {
    return { file: await this.documents.publish(document, '<p>Some of this document cannot be read.</p>') };
  }
}

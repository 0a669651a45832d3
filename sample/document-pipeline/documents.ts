import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';

/** Between two pages, as in a text that was made for a printer. */
const PAGE_BREAK = '\f';

/** Documents as files: `7.txt` is what came in, `7.html` what was made of it. */
@Injectable()
export class Documents {
  private readonly folder = 'documents';

  async keep(id: string, text: string): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    await writeFile(this.path(id, 'txt'), text);
  }

  async pages(id: string): Promise<string[]> {
    return (await readFile(this.path(id, 'txt'), 'utf8')).split(PAGE_BREAK);
  }

  /** Whole or not at all: a process that is killed leaves no half of a file under its name. */
  async publish(id: string, html: string): Promise<string> {
    const file = this.path(id, 'html');
    await writeFile(`${file}.part`, html);
    await rename(`${file}.part`, file);
    return file;
  }

  private path(id: string, kind: 'txt' | 'html'): string {
    return join(this.folder, `${encodeURIComponent(id)}.${kind}`);
  }
}

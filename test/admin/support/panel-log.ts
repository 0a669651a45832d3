import type { LoggerService } from '@nestjs/common';

/** The log of an app, for the address of the panel that is in it. */
export class PanelLog implements LoggerService {
  readonly lines: string[] = [];
  private readonly waiting = new Set<() => void>();

  log = (message: unknown): void => this.take(message);
  warn = (message: unknown): void => this.take(message);
  error = (message: unknown): void => this.take(message);

  /** Resolves to the address of the unnamed store's panel that the app has logged, with what stands behind its `#`. */
  async address(): Promise<URL> {
    for (;;) {
      const line = this.lines.map((text) => /^Panel: (https?:\S+)$/.exec(text)?.[1]).find((found) => found);
      if (line) return new URL(line);
      await new Promise<void>((resolve) => this.waiting.add(resolve));
    }
  }

  async key(): Promise<string> {
    return (await this.address()).hash.replace('#key=', '');
  }

  private take(message: unknown): void {
    this.lines.push(String(message));
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}

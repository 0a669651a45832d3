import type { IncomingMessage, ServerResponse } from 'node:http';
import { clearInterval, setInterval } from '../../clock/index.js';
import { EVENT_HEARTBEAT_MS, MAX_EVENT_BACKLOG_BYTES } from '../admin.constants.js';

/** One client's stream of server-sent events. */
export class EventStream {
  private readonly heartbeat: NodeJS.Timeout;

  /** @param onClose called once, when the client left or `end` was called */
  constructor(
    request: IncomingMessage,
    private readonly response: ServerResponse,
    onClose: (stream: EventStream) => void,
  ) {
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      // no-transform: a compressing middleware would hold events back.
      'Cache-Control': 'no-store, no-transform',
      'X-Content-Type-Options': 'nosniff',
      'X-Accel-Buffering': 'no',
    });
    response.write('retry: 2000\n\n');
    this.heartbeat = setInterval(() => this.write(': still here\n\n'), EVENT_HEARTBEAT_MS);
    this.heartbeat.unref();
    request.socket.setNoDelay(true);
    response.once('close', () => {
      clearInterval(this.heartbeat);
      onClose(this);
    });
  }

  send(event: string, data: unknown): void {
    this.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  end(): void {
    this.response.end();
    // A client that does not read must not hold the server's shutdown.
    this.response.socket?.destroySoon();
  }

  private write(text: string): void {
    if (this.response.writableEnded || this.response.destroyed) return;
    if (this.response.writableLength > MAX_EVENT_BACKLOG_BYTES) this.response.destroy();
    else this.response.write(text);
  }
}

import { request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { connect } from 'node:net';

export interface SentRequest {
  readonly method: string;
  /** As it goes over the wire, unencoded. */
  readonly target: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array;
}

export interface ReceivedAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Sends what `fetch` would mend or refuse: any target, `Host` and method. An event stream is left at its first bytes. */
export function send(port: number, { method, target, headers, body }: SentRequest): Promise<ReceivedAnswer> {
  return new Promise((resolve, reject) => {
    let answered = false;
    // Node would send the body of a GET without its length, as if it were the next request.
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const options = { host: '127.0.0.1', port, path: target, method, headers: { ...headers, ...length }, agent: false };
    const sent = request(options, (response) => {
      answered = true;
      let text = '';
      const done = (): void => resolve({ status: response.statusCode!, headers: response.headers, text });
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        if (response.headers['content-type']?.startsWith('text/event-stream')) {
          sent.destroy();
          done();
        }
      });
      response.on('end', done).on('error', done);
    });
    // A server that refuses a body unread may close the connection while it is still being sent.
    sent.on('error', (error) => answered || reject(error));
    sent.end(body);
  });
}

/** Sends bytes that are no request that a client library would write, and gives back all that comes. */
export function sendBytes(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.end(bytes, 'latin1'));
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (text += chunk));
    socket.on('close', () => resolve(text)).on('error', reject);
  });
}

// A payment service, as one meets them: it takes the money, and its answer does not arrive. Whoever asks again with the same
// Idempotency-Key is told what was done.
//   PORT=4000 node dist/sample/order/payments.js
//   curl http://127.0.0.1:4000/payments
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

interface Payment {
  readonly id: string;
  readonly kind: 'charge' | 'refund';
  readonly order: string;
  /** How often it was asked for. */
  requests: number;
}

const payments = new Map<string, Payment>();

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader('content-type', 'application/json');
  if (request.method === 'GET') return void response.end(JSON.stringify([...payments.values()]));
  const key = String(request.headers['idempotency-key']);
  const { kind, order } = (await json(request)) as Pick<Payment, 'kind' | 'order'>;
  const payment = payments.get(key) ?? { id: `${kind}-${payments.size + 1}`, kind, order, requests: 0 };
  payments.set(key, payment);
  payment.requests += 1;
  // The money has moved. The first who asked never hears of it.
  if (payment.requests > 1) response.end(JSON.stringify({ id: payment.id }));
}

const server = createServer((request, response) => {
  answer(request, response).catch(() => response.writeHead(400).end());
});
server.listen(Number(process.env.PORT ?? 4000), '127.0.0.1', () => {
  console.log(`Payments at http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { OnApplicationShutdown } from '@nestjs/common';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';

export interface ReceivedEmail {
  readonly receivedAt: Date;
  readonly from: string;
  readonly to: readonly string[];
  /** The message as it came over the wire, header and body. */
  readonly lines: readonly string[];
}

const MAX_EMAILS_KEPT = 200;

/** A real SMTP server on a free loopback port, in place of the one that an app would send through. Keeps what arrives in memory. */
export class SmtpInbox implements OnApplicationShutdown {
  private received: ReceivedEmail[] = [];
  private readonly server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    onData: (message, session, done) => {
      this.receive(message, session).then(() => done(), done);
    },
  });

  /** Resolves to an inbox that listens. */
  static async open(): Promise<SmtpInbox> {
    const inbox = new SmtpInbox();
    inbox.server.listen(0, '127.0.0.1');
    await once(inbox.server.server, 'listening');
    return inbox;
  }

  get port(): number {
    return (this.server.server.address() as AddressInfo).port;
  }

  /** Newest first. */
  list(): readonly ReceivedEmail[] {
    return this.received;
  }

  /** Returns how many were deleted. */
  deleteReceivedBefore(time: Date): number {
    const before = this.received.length;
    this.received = this.received.filter(({ receivedAt }) => receivedAt >= time);
    return before - this.received.length;
  }

  async onApplicationShutdown(): Promise<void> {
    await new Promise<void>((resolve) => this.server.close(resolve));
  }

  private async receive(message: SMTPServerDataStream, session: SMTPServerSession): Promise<void> {
    const source = await text(message);
    const { mailFrom, rcptTo } = session.envelope;
    const email: ReceivedEmail = {
      receivedAt: new Date(),
      from: mailFrom ? mailFrom.address : '',
      to: rcptTo.map(({ address }) => address),
      lines: source.trimEnd().split('\r\n'),
    };
    this.received = [email, ...this.received].slice(0, MAX_EMAILS_KEPT);
  }
}

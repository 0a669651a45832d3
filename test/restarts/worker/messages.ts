export interface AppSetup {
  readonly database: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly platform: 'express' | 'fastify';
  /** Whether the app has a hook that serves on until it is told to shut down. */
  readonly servesOn: boolean;
}

export type AppMessage =
  | { readonly event: 'listening'; readonly port: number }
  | { readonly event: 'begun' }
  | { readonly event: 'before shutdown' };

export type TestMessage = 'end the handler' | 'shut down';

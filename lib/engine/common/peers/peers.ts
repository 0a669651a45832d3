/** From a version on, up to another that is no longer meant. */
export interface VersionRange {
  readonly from: string;
  readonly below: string;
}

export interface Peer {
  /** The versions that the library is tested with. */
  readonly ranges: readonly VersionRange[];
  /** The same in words: "BullMQ … is installed, and … is needed". */
  readonly needed: string;
  /** What a package manager is told to install. */
  readonly install: string;
  /** What has to be done besides, in some apps. */
  readonly besides?: string;
}

/**
 * Packages that only some apps need. Their ranges in package.json are wide, so that an app that has another version for
 * purposes of its own can install this package; what is used is held to these. `scripts/check-peers.mjs` tests their ends.
 */
export const PEERS = {
  typeorm: {
    ranges: [
      { from: '0.3.20', below: '0.4.0' },
      { from: '1.0.0', below: '2.0.0' },
    ],
    needed: '0.3.20 or a later 0.3, or 1',
    install: 'typeorm@1',
  },
  'better-sqlite3': {
    ranges: [{ from: '11.0.0', below: '14.0.0' }],
    needed: '11, 12 or 13',
    install: 'better-sqlite3@12',
    besides:
      'Where npm refuses it for the TypeORM of the app, take better-sqlite3@11, or run this first: npm pkg set overrides.typeorm.better-sqlite3=12.',
  },
  bullmq: { ranges: [{ from: '6.7.0', below: '7.0.0' }], needed: '6.7 or a later 6', install: 'bullmq@6' },
  ioredis: { ranges: [{ from: '5.0.0', below: '7.0.0' }], needed: '5 or 6', install: 'ioredis@5' },
  pg: { ranges: [{ from: '8.0.0', below: '9.0.0' }], needed: '8', install: 'pg@8' },
} as const satisfies Record<string, Peer>;

export type PeerName = keyof typeof PEERS;

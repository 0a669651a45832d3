import { vi } from 'vitest';

globalThis.timers = vi;

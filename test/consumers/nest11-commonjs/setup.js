globalThis.timers = jest;

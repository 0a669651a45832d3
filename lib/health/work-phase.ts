/** Where a store's work in this process stands: starting ──> working ──> stopping. */
export class WorkPhase {
  current: 'starting' | 'working' | 'stopping' = 'starting';

  /** The consumers have started. A shutdown that has begun is not taken back. */
  begin(): void {
    if (this.current === 'starting') this.current = 'working';
  }

  end(): void {
    this.current = 'stopping';
  }
}

import type { ContestantInfo } from './contestant.js';
import type { Figure, Measure } from './measure.js';
import type { BenchOptions } from './options.js';
import { ChildProcess } from './process/child-process.js';
import { type Series, seriesOf } from './report/series.js';
import type { Stores } from './store/stores.js';

/** What a contestant came to in one figure: the values of the rounds, or why there are none. */
export type Outcome = Series | { readonly failed: string };

/** What the rounds of one contestant are given. */
export interface Round {
  readonly contestant: ContestantInfo;
  /** From 0 on; the first are to warm up. */
  readonly number: number;
  /** The contestant's process, the same in all rounds of a measure. */
  readonly child: ChildProcess;
  /** An empty store, removed after the round. */
  readonly store: string;
}

/** Rounds before those that count: a short one, to learn how much is a second's work. */
const LEARNING_ROUNDS = 1;
/** And one of that size, so that the processes have compiled what they run; once in a measure. */
const WARMING_ROUNDS = 1;

/** One run of one measure. */
export class Context {
  /** Figure to contestant to outcome. */
  readonly outcomes = new Map<string, Map<string, Outcome>>();
  private readonly values = new Map<string, number[]>();
  private isWarm = false;
  private readonly children = new Map<string, ChildProcess>();

  constructor(
    readonly measure: Measure,
    readonly contestants: readonly ContestantInfo[],
    readonly options: BenchOptions,
    readonly stores: Stores,
  ) {}

  /**
   * Calls `play` for each contestant in each round, in turns, so that none always has the machine as the same other left
   * it, and records the values that it resolves to, by figure. A contestant that fails is told of and left out from there on.
   * @param learns whether the size of a round is learnt from the one before
   */
  async inTurns(
    figures: readonly string[],
    play: (round: Round) => Promise<Record<string, number>>,
    { learns = true }: { learns?: boolean } = {},
  ): Promise<void> {
    const failed = new Set<string>();
    const warmUp = (learns ? LEARNING_ROUNDS : 0) + (this.isWarm ? 0 : WARMING_ROUNDS);
    this.isWarm = true;
    for (let number = 0; number < warmUp + this.options.rounds; number += 1) {
      const order = number % 2 === 0 ? this.contestants : this.contestants.toReversed();
      for (const contestant of order) {
        if (failed.has(contestant.name)) continue;
        let store: string | null = null;
        try {
          store = await this.stores.empty(contestant);
          const values = await play({ contestant, number, child: this.child(contestant), store });
          if (number >= warmUp) for (const figure of figures) this.note(figure, contestant, values[figure]);
        } catch (error) {
          failed.add(contestant.name);
          await this.endChild(contestant);
          for (const figure of figures) this.fail(figure, contestant, error);
        }
        if (store) await this.stores.remove(store).catch(() => undefined);
      }
    }
  }

  /** Adds a value of one round. */
  note(figure: string, contestant: ContestantInfo, value: number | undefined): void {
    if (value === undefined) return;
    const key = `${figure} ${contestant.name}`;
    const values = this.values.get(key) ?? [];
    values.push(value);
    this.values.set(key, values);
    this.set(figure, contestant, seriesOf(values));
  }

  fail(figure: string, contestant: ContestantInfo, error: unknown): void {
    this.set(figure, contestant, { failed: error instanceof Error ? error.message : String(error) });
  }

  figure(id: string): Figure {
    return this.measure.figures.find((figure) => figure.id === id)!;
  }

  /** A process of its own, for what more than one process does; whoever asks ends it. */
  spawn(contestant: ContestantInfo): ChildProcess {
    return new ChildProcess(contestant.node);
  }

  async close(): Promise<void> {
    for (const child of this.children.values()) await child.end();
  }

  private child(contestant: ContestantInfo): ChildProcess {
    let child = this.children.get(contestant.name);
    if (!child || child.isGone) this.children.set(contestant.name, (child = this.spawn(contestant)));
    return child;
  }

  private async endChild(contestant: ContestantInfo): Promise<void> {
    await this.children.get(contestant.name)?.end();
    this.children.delete(contestant.name);
  }

  private set(figure: string, contestant: ContestantInfo, outcome: Outcome): void {
    let outcomes = this.outcomes.get(figure);
    if (!outcomes) this.outcomes.set(figure, (outcomes = new Map()));
    outcomes.set(contestant.name, outcome);
  }
}

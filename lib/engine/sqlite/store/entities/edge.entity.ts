import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { NodeState } from '../../../../contract/index.js';

/** A node of a workflow that waits for another one. */
@Entity({ name: 'tasks_edge', synchronize: false })
export class EdgeEntity {
  /** `seq` of the node that is waited for. */
  @PrimaryColumn({ name: 'parent', type: 'integer' })
  parent!: number;

  /** `seq` of the node that waits. */
  @PrimaryColumn({ name: 'child', type: 'integer' })
  child!: number;

  /** How the one has ended, as the other has counted it. */
  @Column({ name: 'ended_as', type: 'text', nullable: true })
  endedAs!: NodeState | null;
}

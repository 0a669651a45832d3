import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { NodeCondition, NodeKind, NodeReason, NodeState, WorkflowState } from '../../../../contract/index.js';

/** A workflow, with its counters. Times are UTC milliseconds. */
@Entity({ name: 'tasks_workflow', synchronize: false })
export class WorkflowEntity {
  @PrimaryColumn({ name: 'seq', type: 'integer' })
  seq!: number;

  @Column({ name: 'id', type: 'text' })
  id!: string;

  @Column({ name: 'name', type: 'text' })
  name!: string;

  @Column({ name: 'state', type: 'text' })
  state!: WorkflowState;

  /** JSON of a `TaskTags`. */
  @Column({ name: 'tags', type: 'text', nullable: true })
  tags!: string | null;

  @Column({ name: 'created_at', type: 'integer' })
  createdAt!: number;

  @Column({ name: 'finished_at', type: 'integer', nullable: true })
  finishedAt!: number | null;

  @Column({ name: 'deadline_at', type: 'integer', nullable: true })
  deadlineAt!: number | null;

  /** When it is deleted with all of its tasks. */
  @Column({ name: 'expires_at', type: 'integer', nullable: true })
  expiresAt!: number | null;

  @Column({ name: 'keep_until', type: 'integer', default: 0 })
  keepUntil!: number;

  @Column({ name: 'ending', type: 'text', nullable: true })
  ending!: 'cancelled' | 'deadline' | 'deleted' | null;

  @Column({ name: 'walk', type: 'integer', nullable: true })
  walk!: number | null;

  @Column({ name: 'blocked', type: 'integer' })
  blocked!: number;

  @Column({ name: 'running', type: 'integer' })
  running!: number;

  @Column({ name: 'completed', type: 'integer', default: 0 })
  completed!: number;

  @Column({ name: 'failed', type: 'integer', default: 0 })
  failed!: number;

  @Column({ name: 'cancelled', type: 'integer', default: 0 })
  cancelled!: number;

  @Column({ name: 'tasks', type: 'integer' })
  tasks!: number;

  @Column({ name: 'ended', type: 'integer', default: 0 })
  ended!: number;
}

/** One tag of one workflow. */
@Entity({ name: 'tasks_workflow_tag', synchronize: false })
export class WorkflowTagEntity {
  @PrimaryColumn({ name: 'tag', type: 'text' })
  tag!: string;

  @PrimaryColumn({ name: 'value', type: 'text' })
  value!: string;

  /** `seq` of the workflow. */
  @PrimaryColumn({ name: 'workflow', type: 'integer' })
  workflow!: number;
}

@Entity({ name: 'tasks_node', synchronize: false })
export class NodeEntity {
  @PrimaryColumn({ name: 'seq', type: 'integer' })
  seq!: number;

  /** `seq` of its workflow. */
  @Column({ name: 'workflow', type: 'integer' })
  workflow!: number;

  @Column({ name: 'number', type: 'integer' })
  number!: number;

  @Column({ name: 'name', type: 'text' })
  name!: string;

  @Column({ name: 'kind', type: 'text' })
  kind!: NodeKind;

  @Column({ name: 'queue', type: 'text' })
  queue!: string;

  /** Name of its tasks. */
  @Column({ name: 'task', type: 'text' })
  task!: string;

  @Column({ name: 'condition', type: 'text' })
  condition!: NodeCondition;

  @Column({ name: 'delay', type: 'integer' })
  delay!: number;

  @Column({ name: 'state', type: 'text' })
  state!: NodeState;

  @Column({ name: 'reason', type: 'text', nullable: true })
  reason!: NodeReason | null;

  /** `seq` of the node whose end keeps it from ever running. */
  @Column({ name: 'cause', type: 'integer', nullable: true })
  cause!: number | null;

  @Column({ name: 'waits', type: 'integer' })
  waits!: number;

  @Column({ name: 'broken', type: 'integer', default: 0 })
  broken!: number;

  @Column({ name: 'unmet', type: 'integer', default: 0 })
  unmet!: number;

  @Column({ name: 'tasks', type: 'integer' })
  tasks!: number;

  @Column({ name: 'open', type: 'integer' })
  open!: number;

  @Column({ name: 'failed', type: 'integer', default: 0 })
  failed!: number;

  @Column({ name: 'cancelled', type: 'integer', default: 0 })
  cancelled!: number;
}

@Entity({ name: 'tasks_node_task', synchronize: false })
export class NodeTaskEntity {
  /** `seq` of the task. */
  @PrimaryColumn({ name: 'task', type: 'integer' })
  task!: number;

  @Column({ name: 'node', type: 'integer' })
  node!: number;

  @Column({ name: 'workflow', type: 'integer' })
  workflow!: number;

  /** That its result is asked for by. */
  @Column({ name: 'name', type: 'text' })
  name!: string;

  /** How it has ended, as its node has counted it. */
  @Column({ name: 'counted', type: 'text', nullable: true })
  counted!: 'completed' | 'failed' | 'cancelled' | null;
}

@Entity({ name: 'tasks_settling', synchronize: false })
export class SettlingEntity {
  /** `seq` of a task that has ended, or lives again, and is not counted yet. */
  @PrimaryColumn({ name: 'task', type: 'integer' })
  task!: number;

  @Column({ name: 'keep_until', type: 'integer' })
  keepUntil!: number;
}

@Entity({ name: 'tasks_node_work', synchronize: false })
export class NodeWorkEntity {
  @PrimaryColumn({ name: 'kind', type: 'text' })
  kind!: string;

  @PrimaryColumn({ name: 'node', type: 'integer' })
  node!: number;

  /** How far it is. */
  @Column({ name: 'after', type: 'integer' })
  after!: number;
}

import type { Type } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import { TASK_EVENT_METADATA } from '../../contract/index.js';
import type { OnTaskEventMetadata } from '../decorators/on-task-event.decorator.js';
import { type ClassMethod, metadataOf, methodNamesOf, methodsCalled } from './class-methods.js';
import { nameOf, providedClass } from './provider-class.js';
import type { ProviderWrapper } from './provider-instance.js';
import type { Stores } from './stores.js';

/** A method with an `@OnTaskEvent`, and the provider that it belongs to. */
export interface FoundListener {
  readonly metadata: OnTaskEventMetadata;
  readonly method: string;
  /** `Alerts.tell` */
  readonly location: string;
  readonly wrapper: ProviderWrapper;
}

export interface ListenerScannerParts {
  readonly discovery: DiscoveryService;
  readonly stores: Stores;
}

/** Finds the methods with an `@OnTaskEvent` that listen to a store. A class that several modules provide listens once. */
export class ListenerScanner {
  constructor(private readonly parts: ListenerScannerParts) {}

  /** @throws TasksConfigError for one of a store that there is not */
  scan(): FoundListener[] {
    const { discovery } = this.parts;
    const classes = new Map<Type<object>, ProviderWrapper>();
    for (const wrapper of [...discovery.getProviders(), ...discovery.getControllers()]) {
      const type = wrapper.isAlias ? null : providedClass(wrapper);
      if (type && !classes.has(type)) classes.set(type, wrapper);
    }
    return [...classes].flatMap(([type, wrapper]) => this.scanClass(type, wrapper));
  }

  private scanClass(type: Type<object>, wrapper: ProviderWrapper): FoundListener[] {
    return methodNamesOf(type).flatMap((method) => {
      const location = `${nameOf(type)}.${method}`;
      const [nearest] = methodsCalled(type, method);
      return (nearest?.function ? listenersOn(nearest) : [])
        .filter(({ options }) => this.parts.stores.isMine(options.store, location))
        .map((metadata) => ({ metadata, method, location, wrapper }));
    });
  }
}

/** What a method listens to. */
export function listenersOn(method: ClassMethod): readonly OnTaskEventMetadata[] {
  return metadataOf<OnTaskEventMetadata[]>(TASK_EVENT_METADATA, method) ?? [];
}

import { Injectable } from '@nestjs/common';
import type { RegisteredHandler } from '../../handlers/index.js';
import { isSchema, paramsFields, schemaFields, type ParamsField, type ParamsType } from '../../params/index.js';
import { AllowedStore } from '../rights/allowed-store.js';
import { type Resource, type Routes, withoutQuery } from './resource.js';

/** A handler of this process, with what a form for its params needs to know. */
export interface HandlerInfo {
  readonly name: string;
  /** Where its tasks go unless asked otherwise; null where it does not say. */
  readonly queue: string | null;
  readonly kind: RegisteredHandler['kind'];
  /** Null where its params have neither a class nor a schema that tells its fields. */
  readonly params: { readonly fields: readonly ParamsField[] } | null;
}

@Injectable()
export class HandlersResource implements Resource {
  constructor(private readonly store: AllowedStore) {}

  readonly routes: Routes = {
    'GET handlers': withoutQuery(async (request) => {
      const infos = (await this.store.handlers(request)).map(toInfo);
      return infos.toSorted((left, right) => (left.name < right.name ? -1 : 1));
    }),
  };
}

function toInfo({ name, queue, kind, params }: RegisteredHandler): HandlerInfo {
  const fields = params ? fieldsOf(params) : null;
  return { name, queue, kind, params: fields && { fields } };
}

function fieldsOf(params: ParamsType): readonly ParamsField[] | null {
  return isSchema(params) ? schemaFields(params) : paramsFields(params);
}

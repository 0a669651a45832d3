import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import type { HandlerRegistry, RegisteredHandler } from '../../discovery/index.js';
import { paramsFields, type ParamsField } from '../../params/index.js';
import { ADMIN_HANDLERS } from '../admin.constants.js';
import { Answers } from '../http/answers.js';
import { Fields } from '../http/fields.js';
import { requestUrl, type HttpRequest, type HttpResponse } from '../http/http-types.js';

/** A handler of this process, with what a form for its params needs to know. */
export interface HandlerInfo {
  readonly name: string;
  /** Where its tasks go unless asked otherwise; null where it does not say. */
  readonly queue: string | null;
  readonly kind: RegisteredHandler['kind'];
  /** Null where its params have no class. */
  readonly params: { readonly fields: readonly ParamsField[] } | null;
}

@Controller()
export class HandlersController {
  constructor(
    @Inject(ADMIN_HANDLERS) private readonly handlers: HandlerRegistry,
    private readonly answers: Answers,
  ) {}

  @Get('api/handlers')
  list(@Req() request: HttpRequest, @Res() response: HttpResponse): void {
    Fields.ofQuery(requestUrl(request).searchParams, []).done();
    const infos = this.handlers.all().map(toInfo);
    this.answers.json(
      response,
      200,
      infos.toSorted((left, right) => (left.name < right.name ? -1 : 1)),
    );
  }
}

function toInfo({ name, queue, kind, params }: RegisteredHandler): HandlerInfo {
  return { name, queue, kind, params: params && { fields: paramsFields(params) } };
}

import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { HttpRequest, HttpResponse } from '../http/http-types.js';
import { SignInPage } from '../page/sign-in-page.js';
import { KeyRequiredError } from './key-required.error.js';

/** Answers whoever opens the page without the key with a page that asks for it, and tells nothing else. */
@Catch(KeyRequiredError)
export class SignInFilter implements ExceptionFilter<KeyRequiredError> {
  constructor(private readonly page: SignInPage) {}

  catch(error: KeyRequiredError, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.page.answer(http.getRequest<HttpRequest>(), http.getResponse<HttpResponse>(), error);
  }
}

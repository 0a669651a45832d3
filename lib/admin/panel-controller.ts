import { All, Controller, Get, Post, Req, Res, SetMetadata, UseFilters, UseGuards, type Type } from '@nestjs/common';
import { SWAGGER_EXCLUDE_METADATA } from './admin.constants.js';
import { AdminGuard } from './access/admin.guard.js';
import { PanelSession } from './access/panel-session.js';
import { SignInFilter } from './access/sign-in.filter.js';
import { ApiRouter } from './api/api-router.js';
import type { HttpRequest, HttpResponse } from './http/http-types.js';
import { ProblemFilter } from './http/problem.filter.js';
import { Page } from './page/page-marker.js';
import { PanelPage } from './page/panel-page.js';

/**
 * By segments, since Express and Fastify write a wildcard differently; both decode each segment for itself. What is deeper
 * is the app's to answer.
 */
const API_PATHS = ['api', 'api/:a', 'api/:a/:b', 'api/:a/:b/:c', 'api/:a/:b/:c/:d'];

/**
 * The one controller of a panel. Each store has a class of its own, with handlers of its own: the path, and what
 * `admin.metadata` adds, are metadata of the class and of its functions.
 */
export function panelController(): Type<object> {
  @Controller()
  @UseGuards(AdminGuard)
  @UseFilters(ProblemFilter)
  @SetMetadata(SWAGGER_EXCLUDE_METADATA, [true])
  class TasksPanelController {
    constructor(
      private readonly panelPage: PanelPage,
      private readonly panelSession: PanelSession,
      private readonly router: ApiRouter,
    ) {}

    // The second is the path with a slash at its end, of which Nest takes one away; Fastify tells the two apart.
    @Page()
    @UseFilters(SignInFilter)
    @Get(['', '//'])
    page(@Req() request: HttpRequest, @Res() response: HttpResponse): void {
      this.panelPage.html(request, response);
    }

    @Get('page.js')
    script(@Req() request: HttpRequest, @Res() response: HttpResponse): void {
      this.panelPage.script(request, response);
    }

    @Get('later-views.js')
    laterScript(@Req() request: HttpRequest, @Res() response: HttpResponse): void {
      this.panelPage.laterScript(request, response);
    }

    @Get('graph.js')
    graphScript(@Req() request: HttpRequest, @Res() response: HttpResponse): void {
      this.panelPage.graphScript(request, response);
    }

    @Get('page.css')
    style(@Req() request: HttpRequest, @Res() response: HttpResponse): void {
      this.panelPage.style(request, response);
    }

    /** Has the key, which the guard has seen, changed for a cookie. */
    @Post('session')
    async session(@Req() request: HttpRequest, @Res() response: HttpResponse): Promise<void> {
      await this.panelSession.open(request, response);
    }

    @All(API_PATHS)
    async api(@Req() request: HttpRequest, @Res() response: HttpResponse): Promise<void> {
      const { a, b, c, d } = request.params ?? {};
      const segments = [a, b, c, d].filter((segment) => segment !== undefined);
      await this.router.answer(request, response, segments);
    }
  }
  return TasksPanelController;
}

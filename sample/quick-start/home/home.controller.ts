import { Controller, Get, Header } from '@nestjs/common';
import { Eta } from 'eta';
import { ACTIONS } from './actions.js';

@Controller()
export class HomeController {
  private readonly views = new Eta({ views: 'views' });

  /** A page that says what can be done, with a button and a curl line for each. */
  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  home(): string {
    return this.views.render('./home.html.eta', { actions: ACTIONS });
  }
}

import { expect, it } from 'vitest';
import { BullmqScheduling } from '../../../lib/engine/bullmq/facets/scheduling.js';
import { MINUTELY } from '../../conformance/harness.js';
import { describeWith } from '../../support/servers/find-program.js';
import { PartSite } from '../support/part-site.js';

const ONCE = { ...MINUTELY, expression: '2100-01-01T00:00:00Z' };

describeWith('redis', 'a schedule whose new expression was noted and not planned', () => {
  it('is planned by it with the next boot: the process before it may have been killed in between', async () => {
    const site = await PartSite.open();
    const scheduling = new BullmqScheduling(site.store, site.context);
    await scheduling.save(ONCE);
    const changed = { ...ONCE, expression: '2101-01-01T00:00:00Z' };
    await site.parts.schedules.define(changed);
    await scheduling.save(changed);
    expect(await scheduling.all()).toMatchObject([{ nextRunAt: Date.UTC(2101, 0, 1) }]);
  });
});

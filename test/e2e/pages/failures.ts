/** What is killed or closed in the middle of an installation (operations.md 3). */
import { it } from 'vitest'
import { until } from '../../support/until.ts'
import { expectAccessible } from './accessible.ts'
import type { Rig } from './rig.ts'
import { intoTheBakery, press, tile } from './steps.ts'

export function failureCases(rig: () => Rig): void {
  it('with the worker killed in the middle of two installations: the page goes on by itself, and one whose browser was closed is installed too', async () => {
    const [waiting, closed] = [await rig().visitor(), await rig().visitor()]
    await rig().system.kill('worker')
    for (const { page, account } of [waiting, closed]) {
      await page.goto(await rig().link('marketplace', account))
      await intoTheBakery(page)
      await press(tile(page, 'Thank-you notes'), 'Install')
      await page.getByRole('heading', { name: 'Installing Thank-you notes' }).waitFor()
    }
    await expectAccessible(waiting.page, 'the progress')
    await closed.context.close()
    await rig().system.start('worker')
    await waiting.page.getByText('Each order has its note now.').waitFor()
    await waiting.context.close()

    const again = await rig().visitor()
    await again.page.goto(await rig().link('marketplace', closed.account))
    await until(
      async () => {
        await again.page.goto(`${rig().system.apiUrl}/account/marketplace?q=notes`)
        return (await tile(again.page, 'Thank-you notes').getByText('Running').count()) === 1
      },
      { what: 'the page showing that it is installed', everyMs: 250 },
    )
    await again.context.close()
  })
}

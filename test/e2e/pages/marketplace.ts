/** The marketplace in the product: in a frame of another site, in a window, in the same tab (marketplace.md 4). */
import { describe, expect, it } from 'vitest'
import type { Rig } from './rig.ts'
import { intoTheBakery, marketplaceIn, notifications, press, pressToClose, results, tile } from './steps.ts'

export function marketplaceCases(rig: () => Rig): void {
  describe('the marketplace in a frame of another site', () => {
    it('installs with visible progress, posts the result to the product, and stops, starts and uninstalls', async () => {
      const { context, page, account } = await rig().visitor()
      await page.goto(`${rig().hostUrl}/integrations`)
      const frame = marketplaceIn(page)
      await intoTheBakery(frame)
      await press(tile(frame, 'Thank-you notes'), 'Install')
      await frame.getByText('Each order has its note now.').waitFor()
      await press(frame, 'Close')
      const [result] = await results(page)
      expect(Object.keys(result ?? {})).toEqual([
        'accountId',
        'accountApiId',
        'installCompleteMessage',
        'marketplacePackageId',
        'userId',
        'cycles',
        'errors',
        'completeParameter',
      ])
      expect(result).toMatchObject({
        accountApiId: account,
        installCompleteMessage: '<p>Each order has its note now.</p>',
        cycles: [{ status: 'Active', webhooks: [{ stepName: 'Order received', url: expect.stringContaining(rig().system.apiUrl) }] }],
        errors: [],
        completeParameter: 'integrations page',
      })
      await frame.getByText('You may close this window now.').waitFor()

      await page.reload()
      const notes = tile(frame, 'Thank-you notes')
      await intoTheBakery(frame)
      // It comes back to the category that it was in.
      await press(notes, 'Stop')
      await frame.getByText('Thank-you notes is stopped.').waitFor()
      await press(notes, 'Start')
      await frame.getByText('Thank-you notes is running.').waitFor()
      await press(notes, 'Uninstall')
      const dialog = frame.getByRole('dialog')
      await press(dialog, 'Keep it')
      await press(notes, 'Uninstall')
      await press(dialog, 'Uninstall')
      await frame.getByText('Thank-you notes was uninstalled.').waitFor()
      const told = await notifications(page, 4)
      expect(told.map(one => one.Status)).toEqual(['uninstalled', 'started', 'stopped', 'installed'])
      expect(told).toEqual(told.map(() => expect.objectContaining({ AccountApiId: account, CompleteParameter: 'integrations page' })))
      await context.close()
    })

    it('is found by words', async () => {
      const { context, page } = await rig().visitor()
      await page.goto(`${rig().hostUrl}/integrations`)
      const frame = marketplaceIn(page)
      await frame.getByRole('searchbox').fill('courier')
      await frame.getByRole('searchbox').press('Enter')
      await frame.getByText('1 integration found').waitFor()
      await tile(frame, 'Parcelbox').waitFor()
      await context.close()
    })
  })

  it('the marketplace in a frame of a window of the product: its result is passed on, and the window closes', async () => {
    const { context, page } = await rig().visitor()
    await page.goto(`${rig().hostUrl}/integrations`)
    const [popup] = await Promise.all([context.waitForEvent('page'), press(page, 'Open in a window')])
    const frame = marketplaceIn(popup)
    await intoTheBakery(frame)
    await press(tile(frame, 'Thank-you notes'), 'Install')
    await pressToClose(popup, 'Close', frame)
    expect((await results(page))[0]).toMatchObject({ errors: [], completeParameter: 'window' })
    await context.close()
  })

  it('the marketplace in the same tab leads back to the ReturnUrl with the result in the fragment', async () => {
    const { context, page, account } = await rig().visitor()
    await page.goto(`${rig().hostUrl}/integrations`)
    await page.getByRole('link', { name: 'Open in this tab' }).click()
    await intoTheBakery(page)
    await press(tile(page, 'Thank-you notes'), 'Install')
    await page.getByRole('heading', { name: 'Installed', exact: true }).waitFor()
    expect((await results(page))[0]).toMatchObject({ accountApiId: account, completeParameter: 'tab' })
    expect(page.url()).toBe(`${rig().hostUrl}/installed`)
    await context.close()
  })
}

/** Applications are connected and variables set, in the marketplace and in LAUNCH (marketplace.md 4, connectors.md 2). */
import type { BrowserContext, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { BOARD_KEY, PARCELBOX_KEY } from '../../../examples/host-app/demo/apps.ts'
import { until } from '../../support/until.ts'
import { expectAccessible } from './accessible.ts'
import type { Rig } from './rig.ts'
import { intoTheBakery, marketplaceIn, notifications, press, pressToClose, results, tile, type Place } from './steps.ts'

/** What a user does at Ledgerly, in its window. */
async function agree(context: BrowserContext, place: Place, button = 'Agree'): Promise<Page> {
  const [ledgerly] = await Promise.all([context.waitForEvent('page'), place.getByRole('link', { name: 'Go to Ledgerly' }).click()])
  await press(ledgerly, button)
  return ledgerly
}

export function connectCases(rig: () => Rig): void {
  describe('an OAuth connector', () => {
    it('from a frame: agreed to in a window of its own, and orders of the product arrive in the application', async () => {
      const { context, page, account } = await rig().visitor()
      await page.goto(`${rig().hostUrl}/integrations`)
      const frame = marketplaceIn(page)
      await press(tile(frame, 'Ledgerly'), 'Install')
      // In that window there is no session, so it says for whom it is first.
      const [window] = await Promise.all([context.waitForEvent('page'), frame.getByRole('link', { name: 'Go to Ledgerly' }).click()])
      await window.getByText('On the next page Ledgerly asks you').waitFor()
      await expectAccessible(window, 'before the application')
      await press(window, 'Continue')
      await press(window, 'Agree')
      await frame.getByLabel('Days to pay').selectOption({ label: '30 days' })
      await frame.getByLabel('Text on the invoice').fill('Thank you')
      await press(frame, 'Install')
      await frame.getByText('each order is an invoice').waitFor()
      await press(frame, 'Close')
      expect((await results(page))[0]).toMatchObject({
        accountApiId: account,
        cycles: [
          { status: 'Active', webhooks: [{ stepName: 'Order received' }] },
          { status: 'Active', webhooks: [] },
        ],
        errors: [],
      })
      expect(await notifications(page, 1)).toMatchObject([{ Status: 'installed', AccountApiId: account }])
      await page.goto(rig().hostUrl)
      await press(page, 'Place a sample order')
      await page.getByText('Invoices in Ledgerly').first().waitFor()
      const invoice = await until(() => rig().apps.entries.find(one => one.app === 'Ledgerly')?.body, { what: 'the invoice' })
      expect(invoice).toMatchObject({ number: 'L-1045', days: 30, text: 'Thank you' })
      await context.close()
    })

    it('from LAUNCH in a pop-up: refused first and told so, then agreed to; the result comes to the product', async () => {
      const { context, page, account } = await rig().visitor()
      await page.goto(`${rig().hostUrl}/integrations`)
      const [popup] = await Promise.all([context.waitForEvent('page'), press(page, 'Connect your accounting')])
      const refused = await agree(context, popup, 'Do not agree')
      await refused.getByText('Ledgerly did not give access').waitFor()
      await pressToClose(refused, 'Close this window')
      await agree(context, popup)
      await popup.getByLabel('Text on the invoice').fill('Hello')
      await press(popup, 'Install')
      await pressToClose(popup, 'Close')
      const [result] = await results(page)
      expect(Object.keys(result ?? {})).toEqual([
        'accountId',
        'accountApiId',
        'cycleId',
        'status',
        'userId',
        'webhooks',
        'errors',
        'completeParameter',
        'templateId',
        'templateReleaseId',
        'templateTags',
      ])
      expect(result).toMatchObject({ accountApiId: account, status: 'Active', errors: [], completeParameter: 'connect button' })
      await context.close()
    })
  })

  it('LAUNCH with Wizard and a choice: a key that is refused in the words of the application, then one page for each variable', async () => {
    const { context, page, account } = await rig().visitor()
    await page.goto(`${rig().hostUrl}/integrations`)
    const [popup] = await Promise.all([context.waitForEvent('page'), press(page, 'Connect an app, step by step')])
    await press(tile(popup, 'Deliveries with Parcelbox'), 'Install')
    await popup.getByLabel('Depot').fill('south')
    await popup.getByLabel('API key').fill('a wrong one')
    await press(popup, 'Connect')
    await popup.getByText('We do not know this key.').waitFor()
    await popup.getByLabel('API key').fill(PARCELBOX_KEY)
    await press(popup, 'Connect')
    await popup.getByText('There is no depot south.').waitFor()
    await popup.getByLabel('Depot').fill('harbour')
    await popup.getByLabel('API key').fill(PARCELBOX_KEY)
    await press(popup, 'Connect')
    await popup.getByText('Step 1 of 2').waitFor()
    await popup.getByLabel('Usual size of a parcel').selectOption({ label: 'Large' })
    await press(popup, 'Continue')
    await popup.getByText('Step 2 of 2').waitFor()
    await popup.getByLabel('For the courier').fill('Ring twice')
    await press(popup, 'Install')
    await pressToClose(popup, 'Close')
    const [result] = await results(page)
    expect(result).toMatchObject({ accountApiId: account, status: 'Active', templateTags: ['deliveries'] })
    await context.close()
  })

  it('redirectBack: variables in one form, errors at their fields, and back to the marketplace', async () => {
    const { context, page, account } = await rig().visitor()
    await page.goto(await rig().link('marketplace', account))
    await intoTheBakery(page)
    await press(tile(page, 'Kitchen board'), 'Install')
    await press(page, 'Install')
    const problems = page.locator('#problems')
    await problems.getByRole('link', { name: /Address of the board/ }).click()
    expect(await page.evaluate<string>('document.activeElement.labels[0].textContent')).toContain('Address of the board')
    await page.getByLabel('From this total on').fill('250')
    await page.getByLabel('Address of the board').fill(`${rig().appsUrl}/board`)
    await page.getByLabel('Key of the board').fill(BOARD_KEY)
    await press(page, 'Install')
    await page.getByText('Kitchen board is installed.').waitFor()
    expect(new URL(page.url()).pathname).toBe('/account/marketplace')
    expect(await page.content()).not.toContain(BOARD_KEY)
    await context.close()
  })
}

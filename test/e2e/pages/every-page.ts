/** Each page, narrow and wide, light and dark: axe-core finds no violation (marketplace.md 4). */
import { expect, it } from 'vitest'
import { PARCELBOX_KEY } from '../../../examples/host-app/demo/apps.ts'
import { readTheme } from '../../../scripts/demo/serve.ts'
import { expectAccessible } from './accessible.ts'
import type { Rig } from './rig.ts'
import { intoTheBakery, press, tile } from './steps.ts'

export function everyPageCases(rig: () => Rig): void {
  it('axe-core finds nothing on any page of a marketplace', async () => {
    const { context, page, account } = await rig().visitor()
    await page.goto(await rig().link('marketplace', account))
    await expectAccessible(page, 'the marketplace')
    await press(tile(page, 'Parcelbox'), 'Install')
    await expectAccessible(page, 'a connector')
    await press(page, 'Connect')
    await page.locator('#problems').waitFor()
    await expectAccessible(page, 'a connector with errors')
    await page.getByLabel('Depot').fill('north')
    await page.getByLabel('API key').fill(PARCELBOX_KEY)
    await press(page, 'Connect')
    await page.getByLabel('For the courier').waitFor()
    await expectAccessible(page, 'settings')
    await press(page, 'Install')
    await page.getByText('Couriers come by themselves now.').waitFor()
    await expectAccessible(page, 'the complete page')
    await page.goto(`${rig().system.apiUrl}/account/marketplace?q=nothing+at+all`)
    await expectAccessible(page, 'a search that finds nothing')
    await page.goto(`${rig().system.apiUrl}/account/marketplace`)
    await press(tile(page, 'Ledgerly'), 'Install')
    await page.getByRole('link', { name: 'Go to Ledgerly' }).waitFor()
    await expectAccessible(page, 'a connector with OAuth')
    await page.goto(`${rig().system.apiUrl}/account/marketplace`)
    await press(tile(page, 'Parcelbox'), 'Uninstall')
    await page.getByRole('dialog').waitFor()
    await expectAccessible(page, 'a dialog')
    await page.keyboard.press('Escape')
    await intoTheBakery(page)
    await press(tile(page, 'Kitchen board'), 'Install')
    await press(page, 'Install')
    await page.locator('#problems').waitFor()
    await expectAccessible(page, 'settings with errors')
    await page.goto(`${rig().system.apiUrl}/account/marketplace/packages/999`)
    await expectAccessible(page, 'a page that is not there')
    await context.close()
  })

  it('nor in the themes of examples/themes', async () => {
    const { context, page, account } = await rig().visitor()
    const { client } = rig().system
    const [template] = await client.call<readonly { Id: string }[]>('GET', '/templates?pageSize=1')
    const { Id } = await client.call<{ Id: number }>('POST', '/marketplaces', { body: { Name: 'Themed' } })
    await client.call('POST', `/marketplaces/${Id}/packages`, { body: { Name: 'One', Description: 'Of all', TemplateIds: [template?.Id] } })
    for (const name of ['bakery', 'night', 'ink']) {
      await client.call('PUT', `/marketplaces/${Id}`, { body: { Css: readTheme(name) } })
      await page.goto(await rig().link('marketplace', account, { MarketplaceId: Id }))
      await tile(page, 'One').waitFor()
      await expectAccessible(page, `the theme ${name}`)
    }
    await context.close()
  })

  it('nor on those of LAUNCH, nor where a link or a session is over', async () => {
    const { context, page, account } = await rig().visitor()
    const link = await rig().link('launch', account, { AutoInstall: false, Wizard: true, DisplayDescriptions: true })
    await page.goto(link)
    await expectAccessible(page, 'the choice')
    await press(tile(page, 'Large orders on the kitchen board'), 'Install')
    await page.getByText('Step 1 of 3').waitFor()
    await expectAccessible(page, 'one variable')
    expect((await page.goto(link))?.status()).toBe(401)
    await expectAccessible(page, 'a link that is over')
    await context.clearCookies()
    await page.goto(`${rig().system.apiUrl}/account/marketplace`)
    await expectAccessible(page, 'a session that is over')
    await context.close()
  })
}

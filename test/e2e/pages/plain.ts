/** Without JavaScript, and by keyboard alone (marketplace.md 4). */
import { expect, it } from 'vitest'
import { BOARD_KEY } from '../../../examples/host-app/demo/apps.ts'
import type { Page } from 'playwright-core'
import type { Rig } from './rig.ts'
import { intoTheBakery, press, tile } from './steps.ts'

/** Presses Tab until this is what has the focus. */
async function tabTo(page: Page, name: RegExp | string, described?: string): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press('Tab')
    const here = await page.evaluate<{ name: string; described: string; outline: string }>(`(() => {
      const at = document.activeElement
      const labels = [...(at.labels ?? [])].map(label => label.textContent).join(' ')
      const describing = document.getElementById(at.getAttribute('aria-describedby') ?? '')
      return { name: (labels || at.textContent).trim(), described: describing?.textContent.trim() ?? '', outline: getComputedStyle(at).outlineStyle + getComputedStyle(at, '::after').outlineStyle }
    })()`)
    if (typeof name === 'string' ? here.name !== name : !name.test(here.name)) continue
    if (described !== undefined && here.described !== described) continue
    expect(here.outline, `the focus of ${here.name} is seen`).not.toBe('nonenone')
    return
  }
  throw new Error(`Tab does not come to ${String(name)}`)
}

export function plainCases(rig: () => Rig): void {
  it('without JavaScript: searched, set up, installed, stopped, started and uninstalled', async () => {
    const { context, page, account } = await rig().visitor({ javaScriptEnabled: false })
    await page.goto(await rig().link('marketplace', account))
    await page.getByRole('searchbox').fill('kitchen')
    await page.getByRole('searchbox').press('Enter')
    await press(tile(page, 'Kitchen board'), 'Install')
    await page.getByLabel('Address of the board').fill(`${rig().appsUrl}/board`)
    await page.getByLabel('Key of the board').fill(BOARD_KEY)
    await press(page, 'Install')
    await page.getByText('Kitchen board is installed.').waitFor()
    // From here on it comes back to the category.
    await intoTheBakery(page)
    for (const [name, done] of [
      ['Stop', 'is stopped.'],
      ['Start', 'is running.'],
      ['Uninstall', 'was uninstalled.'],
    ] as const) {
      await press(tile(page, 'Kitchen board'), name)
      await page.getByText(`Kitchen board ${done}`).waitFor()
    }
    await context.close()
  })

  it('by keyboard alone: found, installed and uninstalled, and the focus is always seen', async () => {
    const { context, page, account } = await rig().visitor()
    await page.goto(await rig().link('marketplace', account))
    await tabTo(page, 'In the bakery')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Thank-you notes' }).waitFor()
    await tabTo(page, 'Install', 'Thank-you notes')
    await page.keyboard.press('Enter')
    await page.getByText('Each order has its note now.').waitFor()
    await tabTo(page, 'Close')
    await page.goto(`${rig().system.apiUrl}/account/marketplace`)
    await tabTo(page, 'In the bakery')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Thank-you notes' }).waitFor()
    await tabTo(page, 'Uninstall', 'Thank-you notes')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Escape')
    expect(await page.getByRole('dialog').count()).toBe(0)
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByText('Thank-you notes was uninstalled.').waitFor()
    await context.close()
  })
}

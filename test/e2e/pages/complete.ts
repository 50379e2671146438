/** The published ways to use Launch Complete HTML, each as it stands (marketplace.md 4). */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import type { Rig } from './rig.ts'
import { press, pressToClose, tile } from './steps.ts'

const MESSAGE = '<em>Your "notes" are ready</em>'

const PLAIN = `<h1>Congrats - you're connected!</h1>`
const MERGED = `<h1><span>{{InstallCompleteMessage}}</span></h1>`
const BUTTON = `   <h1>Congrats - you're connected!</h1>
    <button onclick="closeWindow();">OK</button>
    <script type="text/javascript"> 
        function closeWindow() {
            window.opener.postMessage(JSON.stringify(result), '\\*');
            window.close(); 
        }
    </script>`
const FRAMED = BUTTON.replace('window.opener', 'window.parent')

/** A marketplace with this HTML and one package. */
async function marketplaceWith({ system, hostUrl }: Rig, html: string): Promise<number> {
  const templates = await system.client.call<readonly { Id: string; Name: string }[]>('GET', '/templates?pageSize=500')
  const { Id } = await system.client.call<{ Id: number }>('POST', '/marketplaces', {
    body: { Name: 'With HTML', LaunchCompleteHtml: html, EmbeddingOrigins: [hostUrl], ReturnOrigins: [hostUrl] },
  })
  const template = templates.find(one => one.Name === 'Thank-you notes')?.Id
  await system.client.call('POST', `/marketplaces/${Id}/packages`, { body: { Name: 'Notes', TemplateIds: [template], InstalledMessage: MESSAGE } })
  return Id
}

/** A page of the product that notes what is posted to it. */
async function listening({ hostUrl }: Rig, page: Page): Promise<() => Promise<readonly { readonly origin: string; readonly data: string }[]>> {
  await page.goto(`${hostUrl}/integrations`)
  await page.evaluate(`window.got = []; window.addEventListener('message', event => window.got.push({ origin: event.origin, data: event.data }))`)
  return () => page.evaluate<{ origin: string; data: string }[]>('window.got')
}

export function completeCases(rig: () => Rig): void {
  describe('Launch Complete HTML of the published contract works as it stands', () => {
    it('in a pop-up: the button calls the function of the inline script, which posts the result to the opener and closes', async () => {
      const { context, page, account } = await rig().visitor()
      const got = await listening(rig(), page)
      const link = await rig().link('marketplace', account, { MarketplaceId: await marketplaceWith(rig(), BUTTON) })
      const [popup] = await Promise.all([context.waitForEvent('page'), page.evaluate(`void window.open(${JSON.stringify(link)}, 'f', 'popup')`)])
      await press(tile(popup, 'Notes'), 'Install')
      await popup.getByRole('heading', { name: "Congrats - you're connected!" }).waitFor()
      await pressToClose(popup, 'OK')
      const [message] = await got()
      expect(message?.origin).toBe(rig().system.apiUrl)
      expect(JSON.parse(message?.data ?? '')).toMatchObject({ accountApiId: account, installCompleteMessage: MESSAGE, cycles: [{ status: 'Active' }] })
      await context.close()
    })

    it('in a frame: the same with window.parent', async () => {
      const { context, page, account } = await rig().visitor()
      const got = await listening(rig(), page)
      const link = await rig().link('marketplace', account, { MarketplaceId: await marketplaceWith(rig(), FRAMED) })
      await page.evaluate(`document.querySelector('iframe').src = ${JSON.stringify(link)}`)
      const frame = page.frameLocator('iframe')
      await press(tile(frame, 'Notes'), 'Install')
      await press(frame, 'OK')
      await page.waitForFunction('window.got.length > 0')
      expect(JSON.parse((await got())[0]?.data ?? '')).toMatchObject({ accountApiId: account, errors: [] })
      await context.close()
    })

    it('plain HTML, the merge field, and a script that leads to a page of the product', async () => {
      const { context, page, account } = await rig().visitor()
      const redirect = `<script>location.href = '${rig().hostUrl}/installed#result=' + encodeURIComponent(JSON.stringify(result))</script>`
      for (const [html, sign] of [
        [PLAIN, page.getByRole('heading', { name: "Congrats - you're connected!" })],
        [MERGED, page.getByRole('heading').locator('em', { hasText: 'Your "notes" are ready' })],
        [redirect, page.getByText('This is what came back with you:')],
      ] as const) {
        await page.goto(await rig().link('marketplace', account, { MarketplaceId: await marketplaceWith(rig(), html) }))
        await press(tile(page, 'Notes'), 'Install')
        await sign.waitFor()
      }
      await context.close()
    })
  })
}

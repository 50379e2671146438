/** Who gets in, and where the pages may be shown (marketplace.md 3, 4). */
import { createServer } from 'node:http'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import type { Rig } from './rig.ts'

export function accessCases(rig: () => Rig): void {
  it('a link lets one of two racing browsers in, and nobody after that; the other one is told so', async () => {
    const link = await rig().link('marketplace', 'racing')
    const both = await Promise.all([rig().visitor(), rig().visitor()])
    const answers = await Promise.all(both.map(({ page }) => page.goto(link)))
    expect(answers.map(answer => answer?.status()).toSorted()).toEqual([200, 401])
    const [lost] = both.filter((_, at) => answers[at]?.status() === 401)
    await lost?.page.getByRole('heading', { name: 'This link has expired' }).waitFor()
    for (const { page } of both) expect((await page.goto(link))?.status()).toBe(401)
    const [won] = both.filter((_, at) => answers[at]?.status() === 200)
    expect((await won?.page.goto(`${rig().system.apiUrl}/account/marketplace`))?.status()).toBe(200)
    for (const { context } of both) await context.close()
  })

  it('a site that is not among the embedding origins frames nothing, for marketplace and LAUNCH', async () => {
    const other = createServer((request, response) => {
      response.setHeader('content-type', 'text/html')
      response.end(`<iframe src="${new URL(request.url ?? '', 'http://other').searchParams.get('src') ?? ''}"></iframe>`)
    }).listen(0, '127.0.0.1')
    await once(other, 'listening')
    const at = other.address()
    const { context, page, account } = await rig().visitor()
    for (const kind of ['marketplace', 'launch'] as const) {
      const refused = page.waitForEvent('console', message => message.text().includes('frame-ancestors'))
      const src = encodeURIComponent(await rig().link(kind, account, { TargetOrigin: rig().hostUrl }))
      await page.goto(`http://127.0.0.1:${typeof at === 'object' ? at?.port : 0}/?src=${src}`)
      await refused
      expect(await page.frameLocator('iframe').getByRole('heading').count()).toBe(0)
    }
    await context.close()
    other.close()
    other.closeAllConnections()
  })

  it('a session that ends in the middle is told in words, and nothing is installed', async () => {
    const { context, page, account } = await rig().visitor()
    await page.goto(await rig().link('marketplace', account))
    await page.getByRole('link', { name: 'In the bakery' }).click()
    await context.clearCookies()
    await page.locator('form[name=Install] button').first().click()
    await page.getByRole('heading', { name: 'Your session has ended' }).waitFor()
    const packages = await rig().system.client.call<readonly { Status: string }[]>('GET', '/account/packages', { account })
    expect(packages.map(one => one.Status)).toEqual(packages.map(() => 'NotInstalled'))
    await context.close()
  })
}

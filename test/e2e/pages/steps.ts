/** What a person does on the pages, by what a person sees. */
import type { FrameLocator, Locator, Page } from 'playwright-core'

/** A page, or a frame in one. */
export type Place = Page | FrameLocator

export const marketplaceIn = (page: Page): FrameLocator => page.frameLocator('iframe[title="Marketplace"]')

/** The tile of a package. */
export const tile = (place: Place, name: string): Locator =>
  place.getByRole('listitem').filter({ has: place.getByRole('heading', { name, exact: true, level: 2 }) })

/** To the category that holds two of the packages. */
export const intoTheBakery = (place: Place): Promise<void> => place.getByRole('link', { name: 'In the bakery' }).click()

export const press = (place: Place | Locator, name: string): Promise<void> => place.getByRole('button', { name, exact: true }).click()

/** Presses what closes the window: it may be gone before the click is told to be done. */
export async function pressToClose(window: Page, name: string, place: Place = window): Promise<void> {
  const closed = window.waitForEvent('close')
  await press(place, name).catch((error: unknown) => {
    if (!window.isClosed()) throw error
  })
  await closed
}

/** What a list of the product shows, as objects, the newest first; waits for as many. */
async function listed(page: Page, list: 'result-list' | 'notification-list', count: number): Promise<readonly { readonly [name: string]: unknown }[]> {
  const texts = page.locator(`#${list} pre`)
  await texts.nth(count - 1).waitFor({ state: 'attached' })
  return (await texts.allTextContents()).map(text => JSON.parse(text))
}

/** Results that the page got. */
export const results = (page: Page, count = 1): ReturnType<typeof listed> => listed(page, 'result-list', count)

/** What the product's server was told. */
export const notifications = (page: Page, count: number): ReturnType<typeof listed> => listed(page, 'notification-list', count)

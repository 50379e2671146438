/** Pictures for the documents. */
import { join, resolve } from 'node:path'
import type { Locator, Page } from 'playwright-core'

export const IMAGES = resolve(import.meta.dirname, '../../docs/images')
/** Longest that anything on a page is waited for (ms). */
export const WAIT = 60_000

/** The words that show that a picture is complete. */
type Sign = (page: Page) => Locator

/** `docs/images/{file}`, once the sign is seen. */
export async function photograph(page: Page, sign: Sign, file: string): Promise<void> {
  await sign(page).first().waitFor({ timeout: WAIT })
  // A frame of another site is painted by another process, a little later.
  await page.waitForTimeout(400)
  await page.screenshot({ path: join(IMAGES, file) })
  process.stdout.write(`docs/images/${file}\n`)
}

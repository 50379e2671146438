/** axe-core on a page as it stands, narrow and wide, light and dark. */
import axe, { type AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

const WIDTHS = [360, 1280] as const
const SCHEMES = ['light', 'dark'] as const

/** Fails with every rule that is broken, by which elements, and how wide and in which colours the page was. */
export async function expectAccessible(page: Page, name: string): Promise<void> {
  const before = page.viewportSize()
  await page.evaluate(axe.source)
  const found: string[] = []
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 })
    const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')
    if (overflow > 0) found.push(`${name} at ${width} px: ${overflow} px too wide`)
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      const { violations } = await page.evaluate<AxeResults>('axe.run(document, { resultTypes: ["violations"] })')
      for (const { id, help, nodes } of violations)
        found.push(
          `${name} at ${width} px, ${colorScheme}: ${id} (${help}): ${nodes.map(node => `${node.target.join(' ')} ${node.any[0]?.message ?? ''}`).join('; ')}`,
        )
    }
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null })
  if (before !== null) await page.setViewportSize(before)
  expect(found).toEqual([])
}

/**
 * The pictures of the documents: `npm run screenshots` beside a running `npm start`, with the system's Chromium. `-- pages` or
 * `-- temporal-ui` makes only those.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { chromium } from 'playwright-core'
import { z } from 'zod'
import { CHROMIUM_ADVICE, provideChromium } from './provision/chromium.ts'
import { createReport } from './provision/report.ts'
import { photographPages } from './screenshots/pages.ts'
import { IMAGES } from './screenshots/photograph.ts'
import { photographTemporalUi } from './screenshots/temporal-ui.ts'
import { createApiClient } from './start/api-client.ts'
import { ensureCredentials } from './start/credentials.ts'

const ROOT = resolve(import.meta.dirname, '..')
const Lock = z.object({ url: z.string(), temporalUrl: z.string() })

async function main(only: string | undefined): Promise<void> {
  const folder = resolve(ROOT, process.env.DATA_DIR ?? '.data')
  const { url, temporalUrl } = Lock.parse(JSON.parse(readFileSync(join(folder, 'lock.json'), 'utf8')))
  const executablePath = await provideChromium(createReport(process.stderr))
  if (executablePath === undefined) throw new Error(CHROMIUM_ADVICE)
  mkdirSync(IMAGES, { recursive: true })
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  try {
    if (only !== 'pages') {
      const { clientId, clientSecret } = ensureCredentials(folder, process.env)
      await photographTemporalUi(browser, await createApiClient(url, clientId, clientSecret), temporalUrl)
    }
    if (only !== 'temporal-ui') await photographPages(browser, url, folder)
  } finally {
    await browser.close()
  }
}

await main(process.argv[2])

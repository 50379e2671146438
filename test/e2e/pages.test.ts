import { afterAll, beforeAll, describe } from 'vitest'
import { accessCases } from './pages/access.ts'
import { completeCases } from './pages/complete.ts'
import { connectCases } from './pages/connect.ts'
import { embedCases } from './pages/embed.ts'
import { everyPageCases } from './pages/every-page.ts'
import { failureCases } from './pages/failures.ts'
import { marketplaceCases } from './pages/marketplace.ts'
import { plainCases } from './pages/plain.ts'
import { program, startRig, type Rig } from './pages/rig.ts'

/** One system, one product and one browser for all: each test is signed in as a customer of its own. */
describe.skipIf(program === undefined)('the pages, in a real browser (marketplace.md 3, 4)', () => {
  let rig: Rig
  beforeAll(async () => {
    rig = await startRig()
  })
  afterAll(() => rig?.stop())

  marketplaceCases(() => rig)
  connectCases(() => rig)
  completeCases(() => rig)
  plainCases(() => rig)
  accessCases(() => rig)
  everyPageCases(() => rig)
  embedCases(() => rig)
  failureCases(() => rig)
})

/** A process whose shutdown takes as long as the test says: `GRACE` ms of grace, a step of `STEP` ms. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createLogger } from '../../platform/logger.ts'
import { onShutdown } from '../../platform/shutdown.ts'

onShutdown(Number(process.env.GRACE), createLogger({ logLevel: 'silent' }, 'child'), [
  {
    name: 'fails',
    run: () => {
      throw new Error('this one fails')
    },
  },
  {
    name: 'slow',
    run: async () => {
      console.log('stopping')
      await sleep(Number(process.env.STEP))
      console.log('stopped')
    },
  },
])
setInterval(() => undefined, 1_000)
console.log('ready')

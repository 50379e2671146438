/** `npm test`: everything on a clean checkout; its last line is the count. `--checks`: only the fast static checks. Other arguments go to vitest alone. */
import { prepare } from './prepare/prepare.mjs'

await prepare()
const { main } = await import('./test/main.ts')
await main(process.argv.slice(2))

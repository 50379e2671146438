/** `npm start`: from a fresh checkout to a running Flywheel (operations.md 1). */
import { prepare } from './prepare/prepare.mjs'

await prepare()
const { main } = await import('./start/main.ts')
await main()

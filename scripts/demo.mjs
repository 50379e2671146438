/** `npm run demo`: a made-up product that offers integrations, beside a Flywheel (examples/host-app/README.md). */
import { prepare } from './prepare/prepare.mjs'

await prepare()
const { main } = await import('./demo/main.ts')
await main()

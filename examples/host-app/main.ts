/**
 * The product by itself, beside a Flywheel that runs somewhere: `npx tsx examples/host-app/main.ts`.
 * `npm run demo` sets these up by itself.
 */
import { createHostApp } from './app.ts'

function needed(name: string): string {
  const value = process.env[name]
  if (value === undefined || value === '') throw new Error(`Set ${name} (examples/host-app/README.md).`)
  return value
}

const port = Number(process.env.HOST_APP_PORT ?? 4100)
const url = process.env.HOST_APP_URL ?? `http://127.0.0.1:${port}`
const flywheelUrl = needed('FLYWHEEL_URL')
const app = createHostApp({
  url,
  flywheel: { url: flywheelUrl, clientId: needed('CLIENT_ID'), clientSecret: needed('CLIENT_SECRET') },
  flywheelOrigin: new URL(process.env.FLYWHEEL_PUBLIC_URL ?? flywheelUrl).origin,
  marketplace: Number(needed('MARKETPLACE_ID')),
  secret: needed('MARKETPLACE_SECRET'),
  customers: [
    { id: 'corner-bakery', name: 'Corner Bakery' },
    { id: 'mill-lane', name: 'Mill Lane Bakehouse' },
  ],
})
app.listen(port, '127.0.0.1', () => console.log(`Loaf is at ${url}`))

import { readResult, showEntry, showResult } from './results.js'

const { flywheelOrigin } = document.body.dataset
const results = document.querySelector('#result-list')
const notifications = document.querySelector('#notification-list')

// A window must be opened in the click itself, or it is blocked: it opens an address of ours, which leads to the link.
for (const button of document.querySelectorAll('[data-open]'))
  button.addEventListener('click', () => window.open(button.dataset.open, 'flywheel', 'popup,width=980,height=760'))

// Anybody can post to a window: only what comes from Flywheel's pages counts, or from our own window that passes it on.
window.addEventListener('message', event => {
  if (event.origin !== flywheelOrigin && event.origin !== window.location.origin) return
  const result = typeof event.data === 'string' ? readResult(event.data) : undefined
  if (result !== undefined) showResult(results, result)
})

const WORDS = { installed: 'Installed', uninstalled: 'Uninstalled', started: 'Started', stopped: 'Stopped' }
new EventSource('/events').addEventListener('message', ({ data }) => {
  const { receivedAt, body } = JSON.parse(data)
  const failed = (body.Errors ?? []).length > 0
  const detail = `Package ${body.MarketplaceIntegrationPackageId} · ${new Date(receivedAt).toLocaleTimeString()} · ${body.CompleteParameter ?? 'no parameter'}`
  showEntry(notifications, { title: WORDS[body.Status] ?? body.Status, detail, failed }, body)
})

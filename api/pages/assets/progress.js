/** Looks how far an operation is, and goes on when it has ended; without scripts the page loads itself anew. */
const box = document.getElementById('progress')
const summary = document.getElementById('summary')
const bar = box?.querySelector('progress')
const rows = [...(box?.querySelectorAll('li') ?? [])]
const began = Date.now()
const SLOW_MS = 20_000

/** Milliseconds until the next look: soon at first, then calmly. */
const pause = () => Math.min(2_000, 400 + (Date.now() - began) / 10)

async function look() {
  const answer = await fetch(location.href, { headers: { Accept: 'application/json' }, cache: 'no-store', credentials: 'same-origin' })
  // The session has ended, or the operation is gone: the page itself says so.
  if (answer.status === 401 || answer.status === 404) return location.reload()
  if (!answer.ok) return
  const { next, summary: text, amount, items } = await answer.json()
  for (const [at, row] of rows.entries()) {
    const item = items[at]
    if (item === undefined || row.className === item.state) continue
    row.className = item.state
    row.querySelector('.step-state').textContent = item.text
  }
  bar.value = amount
  const words = Date.now() - began > SLOW_MS ? box.dataset.slow : text
  if (summary.textContent !== words) summary.textContent = words
  if (next !== null) location.replace(next)
}

async function watch() {
  for (;;) {
    await new Promise(resolve => setTimeout(resolve, pause()))
    // Where the network is gone for a moment, it is looked again.
    await look().catch(() => undefined)
  }
}

if (box !== null) void watch()

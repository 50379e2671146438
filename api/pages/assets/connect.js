/** The connect page: the window of an application, and what comes of it; and forms that the application is asked about. */
const LOOK_MS = 2_000
const SIZE = { width: 620, height: 760 }

/** A window of its own, in the middle of the screen. */
function open(url) {
  const left = Math.max(0, Math.round(screenX + (outerWidth - SIZE.width) / 2))
  const top = Math.max(0, Math.round(screenY + (outerHeight - SIZE.height) / 2))
  return window.open(url, 'flywheel-connect', `popup,width=${SIZE.width},height=${SIZE.height},left=${left},top=${top}`)
}

const link = document.getElementById('visit')
const status = document.getElementById('visited')
const tell = text => {
  if (status.textContent !== text) status.textContent = text
}

let going = false
/** To the next step: the user pressed Install, or chose the integration, before. */
function goOn() {
  if (going) return
  going = true
  tell(link.dataset.connected)
  document.querySelector('form[name] input[name="does"][value="continue"]').form.requestSubmit()
}

async function look() {
  const answer = await fetch(link.dataset.look, { headers: { Accept: 'application/json' }, cache: 'no-store', credentials: 'same-origin' })
  // The session has ended, or what is installed is gone: the page itself says so.
  if (answer.status === 401 || answer.status === 404) return location.reload()
  if (answer.ok && (await answer.json()).connected) goOn()
}

let watching = false
let opened = null
async function watch() {
  if (watching) return
  watching = true
  while (!going) {
    await new Promise(resolve => setTimeout(resolve, LOOK_MS))
    // Where the network is gone for a moment, it is looked again.
    await look().catch(() => undefined)
    // An application may cut the way to its window, which then looks closed: so this says no more than what to do.
    if (!going) tell(opened?.closed === true ? link.dataset.closed : link.dataset.waiting)
  }
}

if (link !== null) {
  link.href += '&popup=1'
  link.addEventListener('click', event => {
    opened = open(link.href)
    // Where windows are not let open, the link opens a tab.
    if (opened !== null) event.preventDefault()
    tell(link.dataset.waiting)
    void watch()
  })
  addEventListener('message', event => {
    if (event.origin !== location.origin || typeof event.data !== 'object') return
    const outcome = event.data?.flywheel
    if (outcome === 'done') void look().catch(() => undefined)
    // The page has another link when it is loaded anew.
    if (outcome === 'expired' || outcome === 'gone') location.reload()
  })
}

/** What was wrong is read first. */
document.getElementById('problems')?.focus()

for (const form of document.querySelectorAll('form')) {
  form.addEventListener('submit', event => {
    // It is sent once.
    if (form.dataset.sent === 'true') event.preventDefault()
    form.dataset.sent = 'true'
    const busy = form.querySelector('[data-busy]')
    if (busy !== null) busy.textContent = busy.dataset.busy
  })
}

// The browser's Back button may bring this page as it was left.
addEventListener('pageshow', event => {
  if (event.persisted) location.reload()
})

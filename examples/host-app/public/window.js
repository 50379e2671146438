// The frame in this window knows us as its parent, and not the page that opened us.
const { flywheelOrigin } = document.body.dataset
window.addEventListener('message', event => {
  if (event.origin !== flywheelOrigin) return
  window.opener?.postMessage(event.data, window.location.origin)
  window.close()
})

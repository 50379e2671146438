/** The Close button of the default complete page: posts the result to the opener, or to the page around this one, and closes the window. */
const button = document.getElementById('close')
const closed = document.getElementById('closed')

button?.addEventListener('click', () => {
  const receiver = window.opener ?? (window.parent === window ? null : window.parent)
  receiver?.postMessage(JSON.stringify(window.result), button.dataset.target)
  window.close()
  // A frame, or a tab that no script has opened, stays.
  setTimeout(() => {
    if (!window.closed) closed.textContent = closed.dataset.text
  }, 150)
})

/** The window in which a user was at an application: tells the page behind what came of it, and closes itself where all is well. */
const box = document.getElementById('returned')
const { outcome } = box.dataset

// An application may have cut the way to the page behind: that one also looks by itself.
window.opener?.postMessage({ flywheel: outcome }, location.origin)
if (outcome === 'done') window.close()

// A tab that no script has opened stays.
if (window.opener !== null) {
  box.hidden = false
  box.querySelector('button').addEventListener('click', () => window.close())
}

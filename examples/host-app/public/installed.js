import { readResult, showResult } from './results.js'

const { hash } = window.location
const result = hash.startsWith('#result=') ? readResult(decodeURIComponent(hash.slice('#result='.length))) : undefined
// Reloading shows it no more, and nobody copies it with the address.
window.history.replaceState(null, '', window.location.pathname)
if (result !== undefined) {
  document.querySelector('#headline').textContent = 'Installed'
  document.querySelector('#message').textContent = 'This is what came back with you:'
  showResult(document.querySelector('#result-list'), result)
}

/** Asks before something is uninstalled; without scripts the form is sent as it is. */
function ask(form, go) {
  const { title, text, yes, no } = form.dataset
  const dialog = document.createElement('dialog')
  dialog.className = 'dialog'
  const heading = Object.assign(document.createElement('h2'), { id: 'dialog-title', textContent: title })
  const words = Object.assign(document.createElement('p'), { id: 'dialog-text', textContent: text })
  const buttons = Object.assign(document.createElement('p'), { className: 'actions' })
  const keep = Object.assign(document.createElement('button'), { type: 'button', className: 'button plain', textContent: no })
  const remove = Object.assign(document.createElement('button'), { type: 'button', className: 'button primary danger', textContent: yes })
  heading.dir = 'auto'
  dialog.setAttribute('aria-labelledby', heading.id)
  dialog.setAttribute('aria-describedby', words.id)
  buttons.append(keep, remove)
  dialog.append(heading, words, buttons)
  document.body.append(dialog)
  keep.addEventListener('click', () => dialog.close())
  remove.addEventListener('click', () => {
    dialog.close()
    go()
  })
  // A click beside it closes it.
  dialog.addEventListener('click', event => {
    if (event.target === dialog) dialog.close()
  })
  dialog.addEventListener('close', () => dialog.remove())
  dialog.showModal()
  keep.focus()
}

for (const form of document.querySelectorAll('form[data-title]')) {
  form.addEventListener('submit', event => {
    event.preventDefault()
    ask(form, () => form.submit())
  })
}

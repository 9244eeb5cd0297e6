// Without this file every page works; with it, menus fold on a telephone, tabs do not reload and
// sliders say their value while they move.
import { initAll } from '../vendored/govuk/govuk-frontend.js'

const start = () => {
  document.body.classList.add('js-enabled', 'govuk-frontend-supported')
  initAll()
}
start()
document.body.addEventListener('htmx:afterSettle', ({ target }) => {
  if (target === document.body) start()
})
document.addEventListener('input', ({ target }) => {
  const told = target.type === 'range' && document.querySelector(`output[for="${target.id}"]`)
  if (!told) return
  const { unit, top, bottom } = told.dataset
  const end = { [target.min]: bottom, [target.max]: top }[target.value]
  told.value = end || `${target.value} ${unit}`.trim()
  target.setAttribute('aria-valuetext', told.value)
})
// Pages of signing in have scripts that want a page of their own.
document.body.addEventListener('htmx:beforeSwap', (event) => {
  const where = new URL(event.detail.xhr.responseURL)
  if (where.pathname.startsWith('/account/')) {
    event.detail.shouldSwap = false
    window.location.assign(where)
  }
})

// Without this file one looks again by the link; with it the page tells the steps and gives way.
const look = async () => {
  try {
    const answer = await fetch(location.href, { cache: 'no-store' })
    if (answer.status !== 503) return location.replace(location.href)
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    const [told, tells] = [document, page].map((one) => one.querySelector('[role=status]'))
    if (told.textContent !== tells.textContent) told.textContent = tells.textContent
  } catch {
    // The server is busy, or was stopped: it is asked again.
  }
  setTimeout(look, 1000)
}
setTimeout(look, 1000)

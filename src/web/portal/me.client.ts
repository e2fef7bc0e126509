import { browserSupportsWebAuthn, startAuthentication, startRegistration } from '@simplewebauthn/browser'

// Passkeys need a script; the card does not.

const post = async (path: string, body: object) => {
  const answer = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const said = await answer.json()
  if (!answer.ok) throw new Error(said.code)
  return said
}

const door = document.getElementById('phone')
if (door && browserSupportsWebAuthn()) {
  door.hidden = false
  door.querySelector('button')?.addEventListener('click', async () => {
    try {
      const response = await startAuthentication({ optionsJSON: await post('/me/passkey/options', {}) })
      await post('/me/passkey', { response })
      location.assign(door.dataset.to ?? '/me')
    } catch (error) {
      const status = door.querySelector('[role=status]')
      const waits = error instanceof Error && error.message === 'way-waits'
      if (status) status.textContent = (waits ? door.dataset.waits : door.dataset.no) ?? ''
    }
  })
}

const enrol = document.getElementById('enrol')
if (enrol) {
  const code = location.hash.slice(1)
  if (code) {
    history.replaceState(null, '', location.pathname + location.search)
    // Another language is the same enrolment.
    for (const link of document.querySelectorAll<HTMLAnchorElement>('a[hreflang]')) link.hash = code
  }
  enrol.querySelector('button')?.addEventListener('click', async () => {
    const plain = enrol.querySelector<HTMLInputElement>('input[type=checkbox]')
    const named = {
      device: enrol.querySelector<HTMLInputElement>('input[name=device]')?.value ?? '',
      owner: enrol.querySelector<HTMLInputElement>('input[name=owner]')?.value ?? '',
      ...(plain?.checked ? { confirmedPlain: true } : {}),
    }
    try {
      const owner = enrol.dataset.here ? { csrf: enrol.dataset.csrf } : { code }
      const response = await startRegistration({ optionsJSON: await post('/me/enrol/options', { ...owner, ...named }) })
      const { waits } = await post('/me/enrol', { ...owner, ...named, response })
      if (waits) throw new Error('way-waits')
      location.assign(enrol.dataset.here ? '/me/devices' : '/me')
    } catch (error) {
      const status = enrol.querySelector('[role=status]')
      const said = error instanceof Error ? error.message : ''
      if (said === 'sign-in-again') {
        location.assign('/me/in?again=1&to=%2Fme%2Fdevices')
        return
      }
      const held = said === 'says-too-much'
      const waits = said === 'way-waits'
      const known = error instanceof Error && error.name === 'InvalidStateError'
      if (held && plain) plain.closest('[hidden]')?.removeAttribute('hidden')
      if (status)
        status.textContent =
          (waits ? enrol.dataset.waits : held ? enrol.dataset.held : known ? enrol.dataset.known : enrol.dataset.no) ??
          ''
    }
  })
}

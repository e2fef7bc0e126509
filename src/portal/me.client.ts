import { browserSupportsWebAuthn, startAuthentication, startRegistration } from '@simplewebauthn/browser'

// Passkeys need a script; the card does not.

const post = async (path: string, body: object) => {
  const answer = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error('refused')
  return answer.json()
}

const door = document.getElementById('phone')
if (door && browserSupportsWebAuthn()) {
  door.hidden = false
  door.querySelector('button')?.addEventListener('click', async () => {
    try {
      const response = await startAuthentication({ optionsJSON: await post('/me/passkey/options', {}) })
      await post('/me/passkey', { response })
      location.assign(door.dataset.to ?? '/me')
    } catch {
      const status = door.querySelector('[role=status]')
      if (status) status.textContent = door.dataset.no ?? ''
    }
  })
}

const enrol = document.getElementById('enrol')
if (enrol) {
  const code = location.hash.slice(1)
  if (code) history.replaceState(null, '', location.pathname)
  enrol.querySelector('button')?.addEventListener('click', async () => {
    const device = enrol.querySelector('input')?.value ?? ''
    try {
      const response = await startRegistration({ optionsJSON: await post('/me/enrol/options', {}) })
      const owner = enrol.dataset.here ? { csrf: enrol.dataset.csrf } : { code }
      await post('/me/enrol', { ...owner, response, device })
      location.assign(enrol.dataset.here ? '/me/devices' : '/me')
    } catch {
      const status = enrol.querySelector('[role=status]')
      if (status) status.textContent = enrol.dataset.no ?? ''
    }
  })
}

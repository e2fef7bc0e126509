import { Page } from './layout.tsx'

export function Landing(props: { town: string }) {
  return (
    <Page title="Padrón" language="en" town={props.town}>
      <h1>If you live here, you are a neighbour</h1>
      <p>
        Everyone who lives in {props.town} can register, with or without papers, with or without an address. It costs
        nothing. From that day you can show that you live here.
      </p>
      <h2>Your data stays here</h2>
      <p>
        We do not ask for your nationality or your immigration status, and there is nowhere to write them down. Nothing
        in this registry is given to immigration enforcement. Requests from them, or for them, are refused, and each
        refusal is written down where it cannot be erased.
      </p>
      <h2>Checking a proof</h2>
      <p>
        Anyone can check a proof of residence with our <a href="/.well-known/jwks.json">public keys</a>, without asking
        us and without an account.
      </p>
    </Page>
  )
}

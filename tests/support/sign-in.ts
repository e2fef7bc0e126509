import type { TestProject } from 'vitest/node'
import { DEMO_CLIENTS } from '../../src/cli/demo-town.ts'
import { demoSigningKey, startDemoProvider } from '../../src/identity/demo-provider.ts'
import { freePort } from './postgres-server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    tokenIssuer: string
  }
}

/** Starts the OpenID provider that the files of a project share. */
export async function startSignIn(project: TestProject): Promise<() => Promise<void>> {
  const provider = await startDemoProvider({
    host: '127.0.0.1',
    port: await freePort(),
    audience: 'urn:padron:api',
    key: await demoSigningKey(),
    clients: DEMO_CLIENTS,
  })
  project.provide('tokenIssuer', provider.issuer)
  return () => provider.close()
}

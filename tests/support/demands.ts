import type { TestApp } from './app.ts'

let papers = 0

/** Uploads the document of a demand, each another. @returns its id */
export async function uploaded(app: TestApp, as = 'legal', paper?: string): Promise<string> {
  papers += 1
  const bytes = Buffer.from(paper ?? `%PDF-1.7 an invented order, ${papers}`)
  const { body, text } = await app.ask<{ id: string }>('POST', '/v1/access-requests/documents', { as, bytes })
  if (body.id === undefined) throw new Error(`not uploaded: ${text}`)
  return body.id
}

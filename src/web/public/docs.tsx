import { Page } from '../ui/layout.tsx'
import { Details, Fact, Facts } from '../ui/parts.tsx'

interface Operation {
  summary?: string
  description?: string
  tags?: string[]
  parameters?: { name: string; in: string; required?: boolean; description?: string }[]
  requestBody?: { content?: Record<string, { schema?: { $ref?: string } }> }
  responses?: Record<string, { description?: string }>
}

export interface ApiDocument {
  info: { title: string; version: string; description?: string }
  paths?: Record<string, Record<string, Operation>>
  components?: { schemas?: Record<string, object> }
}

/** The OpenAPI document as a page anyone can read, without JavaScript. */
export function Docs(props: { document: ApiDocument; town: string }) {
  const operations = Object.entries(props.document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  )
  const tags = [...new Set(operations.map(({ operation }) => operation.tags?.[0] ?? 'Other'))]
  return (
    <Page title="Padrón API" language="en" town={props.town}>
      <h1>{props.document.info.title}</h1>
      <p>{props.document.info.description}</p>
      {tags.map((tag) => (
        <section>
          <h2>{tag}</h2>
          {operations
            .filter(({ operation }) => (operation.tags?.[0] ?? 'Other') === tag)
            .map(({ path, method, operation }) => (
              <Details
                summary={
                  <>
                    <code>
                      <span class="method">{method}</span> {path}
                    </code>
                    <br />
                    {operation.summary}
                  </>
                }
              >
                {operation.description ? <p>{operation.description}</p> : ''}
                <Facts>
                  {(operation.parameters ?? []).map((parameter) => (
                    <Fact
                      name={
                        <>
                          <code>{parameter.name}</code> ({parameter.in}
                          {parameter.required ? ', required' : ''})
                        </>
                      }
                    >
                      {parameter.description ?? ''}
                    </Fact>
                  ))}
                  {Object.values(operation.requestBody?.content ?? {}).map(({ schema }) => (
                    <Fact name="Body">
                      {schema?.$ref ? (
                        <a href={`#${schema.$ref.split('/').at(-1)}`}>{schema.$ref.split('/').at(-1)}</a>
                      ) : (
                        <pre>{JSON.stringify(schema, null, 2)}</pre>
                      )}
                    </Fact>
                  ))}
                  {Object.entries(operation.responses ?? {}).map(([status, response]) => (
                    <Fact name={status}>{response.description}</Fact>
                  ))}
                </Facts>
              </Details>
            ))}
        </section>
      ))}
      <h2>Schemas</h2>
      {Object.entries(props.document.components?.schemas ?? {}).map(([name, schema]) => (
        <section id={name}>
          <h3>{name}</h3>
          <pre>{JSON.stringify(schema, null, 2)}</pre>
        </section>
      ))}
    </Page>
  )
}

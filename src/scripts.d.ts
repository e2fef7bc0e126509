/** A script for the browser, bundled and shrunk; see vite.config.ts. */
declare module '*?script' {
  const code: string
  export default code
}

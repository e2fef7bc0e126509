import { readFileSync } from 'node:fs'
import rightToLeft from 'postcss-rtlcss'
import { Mode } from 'postcss-rtlcss/options'
import { build, createServer, defineConfig, type Plugin, type UserConfig } from 'vite'

/** Workers take WebAssembly as a module beside the code, not as bytes in it. */
function wasmBeside(): Plugin {
  return {
    name: 'wasm-beside',
    enforce: 'pre',
    resolveId: (source) => (source.endsWith('.wasm') ? { id: './cedar_wasm_bg.wasm', external: true } : undefined),
    generateBundle() {
      const source = readFileSync('node_modules/@cedar-policy/cedar-wasm/web/cedar_wasm_bg.wasm')
      this.emitFile({ type: 'asset', fileName: 'cedar_wasm_bg.wasm', source })
    },
  }
}

/** A Worker is not built on policies that let anything of what they must refuse through: the same check as at a start on Node. */
function policiesChecked(): Plugin {
  return {
    name: 'policies-checked',
    async buildStart() {
      const server = await createServer({
        configFile: false,
        logLevel: 'error',
        server: { middlewareMode: true, watch: null, ws: false },
        appType: 'custom',
      })
      try {
        const cedar = await import('@cedar-policy/cedar-wasm/nodejs')
        const { loadPolicies } = await server.ssrLoadModule('/src/firewall/policies.ts')
        const { findBreaches, breachLine } = await server.ssrLoadModule('/src/firewall/enumeration.ts')
        const { breaches } = findBreaches(loadPolicies(cedar))
        if (breaches.length > 0) this.error(breaches.slice(0, 5).map(breachLine).join('\n'))
      } finally {
        await server.close()
      }
    },
  }
}

/** `import code from './page.client.ts?script'` gives the script as text, bundled for the browser and shrunk. */
export function browserScripts(): Plugin {
  const mark = '\0script:'
  return {
    name: 'browser-scripts',
    enforce: 'pre',
    async resolveId(source, importer) {
      if (!source.endsWith('?script')) return
      const found = await this.resolve(source.slice(0, -'?script'.length), importer, { skipSelf: true })
      return found ? mark + found.id : undefined
    },
    async load(id) {
      if (!id.startsWith(mark)) return
      const made = await build({
        configFile: false,
        logLevel: 'error',
        build: {
          write: false,
          target: 'es2022',
          minify: true,
          copyPublicDir: false,
          lib: { entry: id.slice(mark.length), formats: ['iife'], name: 'page' },
        },
      })
      const [bundle] = Array.isArray(made) ? made : [made]
      const chunk = bundle && 'output' in bundle ? bundle.output.find((part) => part.type === 'chunk') : undefined
      return `export default ${JSON.stringify(chunk?.type === 'chunk' ? chunk.code : '')}`
    },
  }
}

/** Three builds of one source: the service and the command for Node, the Worker, and the verifier alone. */
const builds: Record<string, UserConfig> = {
  node: {
    build: {
      ssr: true,
      outDir: 'dist',
      emptyOutDir: true,
      rolldownOptions: {
        input: { main: 'src/main.ts', padron: 'src/cli/padron.ts' },
        output: { entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  },
  worker: {
    plugins: [policiesChecked(), wasmBeside()],
    build: {
      ssr: true,
      ssrEmitAssets: true,
      outDir: 'dist/worker',
      emptyOutDir: true,
      rolldownOptions: {
        input: { worker: 'src/worker.ts' },
        output: { entryFileNames: '[name].js', codeSplitting: false },
        external: [/^node:/, /^cloudflare:/],
      },
    },
    ssr: { noExternal: true, target: 'webworker', resolve: { conditions: ['workerd', 'worker', 'import'] } },
  },
  bench: {
    build: {
      ssr: true,
      outDir: 'dist/bench',
      emptyOutDir: true,
      rolldownOptions: {
        input: { run: 'tests/bench/run.ts' },
        output: { entryFileNames: '[name].js' },
      },
    },
  },
  verify: {
    build: {
      outDir: 'dist/verify',
      emptyOutDir: true,
      lib: { entry: 'src/verify/index.ts', formats: ['es'], fileName: 'index' },
    },
  },
}

export default defineConfig(({ mode }) => ({
  ...builds[mode],
  plugins: [browserScripts(), ...(builds[mode]?.plugins ?? [])],
  css: {
    preprocessorOptions: { scss: { style: 'compressed' } },
    postcss: { plugins: [rightToLeft({ mode: Mode.override })] },
  },
  build: {
    target: 'esnext',
    minify: mode === 'verify',
    cssMinify: false,
    copyPublicDir: false,
    ...builds[mode]?.build,
  },
}))

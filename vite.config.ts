import { readFileSync } from 'node:fs'
import { defineConfig, type Plugin, type UserConfig } from 'vite'

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
    plugins: [wasmBeside()],
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
  build: { target: 'esnext', minify: mode === 'verify', copyPublicDir: false, ...builds[mode]?.build },
}))

// What the project that runs on the embedded database needs: the database itself is copied by whoever opens it.
export { startSignIn as default } from './sign-in.ts'

// Where the API is, NUXT_SANCTUM_BASE_URL and NUXT_PUBLIC_SANCTUM_BASE_URL say when the application starts.
export default defineNuxtConfig({
  modules: ['nuxt-auth-sanctum'],
  compatibilityDate: '2026-01-01',
  telemetry: false,
  sanctum: { redirect: { onLogin: '/', onLogout: '/login' } },
})

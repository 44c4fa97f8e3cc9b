//! What all Laravel mounts of a server share: the section `[laravel]`.

use crate::settings::Span;

crate::choices! {
    /// Which pages may read what Laravel's dialects answer.
    pub enum CorsOrigins {
        /// Those of `front_ends`, with cookies.
        FrontEnds = "front_ends",
        /// All, without cookies.
        Any = "any",
    }
}

crate::settings! {
    /// What all Laravel mounts share. Without one it means nothing.
    pub struct LaravelSettings {
        /// Which pages may read the answers (Laravel's config/cors.php): those of `front_ends`, with cookies, as Breeze has it, or
        /// "any", without cookies, as a new project has it.
        pub cors_origins: CorsOrigins = CorsOrigins::FrontEnds,
        /// The paths that they may read, in Laravel's patterns: "api/*" is everything below /api/. Without it all, and with "any"
        /// "api/*" and "sanctum/csrf-cookie".
        pub cors_paths: Option<Vec<String>> = None,
        /// What a page may read of an answer's headers beside the few that the standard always shows, such as "Retry-After".
        pub cors_exposed_headers: Vec<String> = Vec::new(), check = header_names,
        /// How long a browser may remember a preflight.
        pub cors_max_age: Span = Span::seconds(0),
        /// Is input read from the query as well as from the body, as in Laravel? Secrets do not belong into addresses, which are
        /// written into logs.
        pub query_credentials: bool = false,
        /// Is who is not logged in told so as JSON whatever its Accept says? Laravel sends it to the login form unless it asks for
        /// JSON.
        pub json_unauthenticated: bool = false,
        /// Does a bearer token count before everything else, so that a request of a front end that brings one needs no CSRF
        /// token and has no session, even if the token is bad? In Laravel the session comes first.
        pub bearer_first: bool = false,
        /// Does a 401 carry `WWW-Authenticate: Bearer`, as HTTP wants it? Laravel's does not.
        pub www_authenticate: bool = false,
    }
}

fn header_names(names: &[String]) -> Result<(), String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_*".contains(&byte);
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(plain);
    match names.iter().find(|name| !is_name(name)) {
        None => Ok(()),
        Some(name) => Err(format!("holds {name:?}, which is no name of a header")),
    }
}

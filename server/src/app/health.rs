//! `/health/live` and `/health/ready`: is the process there, and can it serve?

use actix_web::{HttpResponse, get, http::header::RETRY_AFTER, web};
use countersign_adapters::executor::Executor;
use countersign_core::auth::Realm;
use serde::Serialize;
use utoipa::ToSchema;

/// The state of the server.
#[derive(Serialize, ToSchema)]
#[schema(as = server::Health)]
struct Health {
    /// `ok` or `unavailable`.
    status: &'static str,
}

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(show_liveness).service(show_readiness);
}

/// Is the process alive? Asks nothing.
#[utoipa::path(operation_id = "server_show_liveness", tag = "server",
    responses((status = 200, description = "Alive", body = Health)))]
#[get("/health/live")]
pub(super) async fn show_liveness() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "ok" })
}

/// Can requests be served? Asks the store.
#[utoipa::path(operation_id = "server_show_readiness", tag = "server",
    responses(
        (status = 200, description = "The store answers", body = Health),
        (status = 503, description = "The store does not answer", body = Health,
            headers(("Retry-After" = u64, description = "Seconds"))),
    ))]
#[get("/health/ready")]
pub(super) async fn show_readiness(realm: web::Data<Realm>, executor: web::Data<Executor>) -> HttpResponse {
    match executor.blocking(move || Ok(realm.ping()?)).await {
        Ok(()) => HttpResponse::Ok().json(Health { status: "ok" }),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            let mut answer = HttpResponse::ServiceUnavailable();
            answer.insert_header((RETRY_AFTER, "1")).json(Health { status: "unavailable" })
        }
    }
}

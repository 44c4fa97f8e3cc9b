//! `/metrics`: what the server did and what it holds, in the text form that Prometheus reads.
//!
//! Nothing is computed before somebody asks. Labels are few and none of a client's making.
//!
//! Where clients can read it as well, it leaves out what changes by what is kept from them: whether a form sent a mail, and
//! when a password was really checked.

mod process;
mod text;

use std::sync::Arc;

use actix_web::{HttpResponse, get, http::header::CONTENT_TYPE, web};
use countersign_adapters::{executor::Executor, mail::Postman, sockets::Sockets};
use countersign_core::auth::Realm;

use super::{access::AccessLog, requests::Requests};
use text::{Kind, Text};

/// Where it is.
pub(super) const PATH: &str = "/metrics";
/// The text form and its version.
const FORM: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Who may read the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Readers {
    /// Whoever reaches the address of everything else.
    Anybody,
    /// Those for whom `server.metrics_bind` is there.
    Owners,
}

/// Everything that can be told.
pub(super) struct Metrics {
    pub(super) realm: Realm,
    pub(super) executor: Executor,
    pub(super) sockets: Sockets,
    pub(super) postman: Arc<dyn Postman>,
    pub(super) requests: Arc<Requests>,
    pub(super) access: Option<AccessLog>,
}

impl Metrics {
    /// The text for these readers.
    fn text(&self, readers: Readers) -> String {
        let mut text = Text::default();
        self.tell_requests(&mut text);
        self.tell_verifications(&mut text);
        self.tell_refusals(&mut text);
        self.tell_holdings(&mut text);
        if readers == Readers::Owners {
            self.tell_logins(&mut text);
            self.tell_mails(&mut text);
        }
        process::tell(&mut text);
        text.into_string()
    }

    fn tell_requests(&self, text: &mut Text) {
        let mut requests = text.family(
            "countersign_http_requests_total",
            Kind::Counter,
            "Requests that were answered, by dialect, documented path and status (0 for a rare one).",
        );
        for (route, status, count) in self.requests.sums() {
            let labels = [("dialect", route.dialect), ("route", route.template), ("status", &status.to_string())];
            requests.sample(&labels, count);
        }
        if let Some(access) = &self.access {
            let help = "Lines of the access log that were lost because it could not be written as fast.";
            text.single("countersign_access_log_dropped_total", Kind::Counter, help, access.dropped());
        }
    }

    fn tell_verifications(&self, text: &mut Text) {
        let counts = self.realm.counts();
        let mut verifications = text.family(
            "countersign_verifications_total",
            Kind::Counter,
            "Credentials that were looked up: known to the cache, to the store, to nobody, or the store failed.",
        );
        for (outcome, counter) in [
            ("cached", &counts.cached),
            ("uncached", &counts.asked),
            ("refused", &counts.refused),
            ("failed", &counts.failed),
        ] {
            verifications.sample(&[("outcome", outcome)], counter.get());
        }
        let help = "Credentials that the cache holds, those among them that are not valid any more.";
        text.single("countersign_cache_entries", Kind::Gauge, help, self.realm.remembered());
        if let Some(age) = self.realm.revocations_age() {
            let help = "Since the log of revocations was last read; above cache.bound nothing cached is trusted.";
            text.single("countersign_revocations_age_seconds", Kind::Gauge, help, age.as_secs_f64());
        }
    }

    fn tell_refusals(&self, text: &mut Text) {
        let help = "Work for the hashing threads that was refused with 503, because it would have waited for too long.";
        text.single("countersign_hashing_refused_total", Kind::Counter, help, self.executor.lane_refused());
    }

    /// They change when a hash ends, which is before the answer: a failed login has one time for every reason.
    fn tell_logins(&self, text: &mut Text) {
        let counts = self.realm.counts();
        let help = "Passwords that were checked: right, or wrong.";
        let mut logins = text.family("countersign_logins_total", Kind::Counter, help);
        logins.sample(&[("outcome", "accepted")], counts.logins_accepted.get());
        logins.sample(&[("outcome", "refused")], counts.logins_refused.get());
        let (waiting, running) = self.executor.lane_load();
        let help = "Work for the hashing threads that waits, and that is done.";
        let mut hashing = text.family("countersign_hashing_jobs", Kind::Gauge, help);
        hashing.sample(&[("state", "waiting")], waiting);
        hashing.sample(&[("state", "running")], running);
    }

    fn tell_holdings(&self, text: &mut Text) {
        if let Some(connections) = self.realm.connections() {
            let help =
                "Connections to the database for requests: in use, open and free, and the most that there may be.";
            let mut pool = text.family("countersign_database_connections", Kind::Gauge, help);
            pool.sample(&[("state", "used")], connections.open.saturating_sub(connections.idle));
            pool.sample(&[("state", "idle")], connections.idle);
            pool.sample(&[("state", "most")], connections.most);
        }
        let (users, strangers) = self.sockets.count();
        let help = "Open WebSockets: of users, and of those who have not sent a token yet.";
        let mut sockets = text.family("countersign_websockets", Kind::Gauge, help);
        sockets.sample(&[("of", "user")], users);
        sockets.sample(&[("of", "stranger")], strangers);
    }

    /// One more after a form was sent says that somebody has the address.
    fn tell_mails(&self, text: &mut Text) {
        if let Some(pending) = self.postman.pending() {
            text.single("countersign_mails_pending", Kind::Gauge, "Mails that wait or are being sent.", pending);
        }
    }
}

/// Registers it beside everything else.
pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(show_metrics);
}

/// Registers the whole of it, for an address of its own.
pub(super) fn own_routes(cfg: &mut web::ServiceConfig) {
    cfg.service(show_all_metrics);
}

/// Show metrics
///
/// In Prometheus' text form. Only where `server.metrics_bind` gives it no address of its own; without what would tell who has an account.
#[utoipa::path(operation_id = "server_show_metrics", tag = "server",
    responses((status = 200, description = "The metrics", body = String, content_type = "text/plain")))]
#[get("/metrics")]
pub(super) async fn show_metrics(metrics: web::Data<Metrics>) -> HttpResponse {
    answer(metrics.text(Readers::Anybody))
}

#[get("/metrics")]
async fn show_all_metrics(metrics: web::Data<Metrics>) -> HttpResponse {
    answer(metrics.text(Readers::Owners))
}

fn answer(text: String) -> HttpResponse {
    HttpResponse::Ok().insert_header((CONTENT_TYPE, FORM)).body(text)
}

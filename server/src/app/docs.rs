//! `/docs`, `/openapi.json` and `/openapi/{adapter}.json`: the documents of the running configuration.
//!
//! A document is made when somebody asks for it first: most servers are never asked, and a start would wait for megabytes
//! of schemas.

use std::{
    collections::BTreeSet,
    sync::{Arc, OnceLock},
};

use actix_web::{HttpResponse, http::header::LOCATION, web};
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::{
    metrics,
    mounts::{Mount, Mounts},
};
use crate::openapi;

/// The documents, as far as they were asked for.
#[derive(Clone)]
pub(super) struct Docs(Arc<[Document]>);

/// A document and where it is shown.
struct Document {
    path: String,
    of: Subject,
    mounts: Arc<Mounts>,
    text: OnceLock<web::Bytes>,
}

/// What a document is about.
enum Subject {
    /// All mounts and the server's own operations, `/metrics` among them or not.
    Whole { shows_metrics: bool },
    /// All mounts of one dialect.
    Dialect(&'static str),
}

impl Docs {
    /// Those of these mounts, and of `/metrics` if they are served here.
    pub(super) fn of(mounts: &Arc<Mounts>, shows_metrics: bool) -> Self {
        let document = |path, of| Document { path, of, mounts: Arc::clone(mounts), text: OnceLock::new() };
        let names: BTreeSet<_> = mounts.list.iter().map(|mount| mount.dialect.name).collect();
        let whole = document("/openapi.json".to_owned(), Subject::Whole { shows_metrics });
        let of_dialects =
            names.into_iter().map(|name| document(format!("/openapi/{name}.json"), Subject::Dialect(name)));
        Self(std::iter::once(whole).chain(of_dialects).collect())
    }

    /// The paths of all this, as patterns.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|document| document.path.as_str()).chain(["/docs", "/docs/", "/docs/{file}"])
    }

    pub(super) fn routes(&self, cfg: &mut web::ServiceConfig) {
        for (number, document) in self.0.iter().enumerate() {
            let all = Arc::clone(&self.0);
            let show = move || show(Arc::clone(&all), number);
            cfg.route(&document.path, web::get().to(show));
        }
        // The page stands below /docs/ and names the document by a relative address, so that it also works behind a
        // proxy that puts a path before it.
        let to_page = || async { HttpResponse::PermanentRedirect().insert_header((LOCATION, "docs/")).finish() };
        cfg.route("/docs", web::get().to(to_page));
        cfg.service(SwaggerUi::new("/docs/{_:.*}").config(Config::from("../openapi.json").try_it_out_enabled(true)));
    }
}

/// Answers with a document; the first time it takes milliseconds, which no worker has.
async fn show(all: Arc<[Document]>, number: usize) -> actix_web::Result<HttpResponse> {
    let text = match all[number].text.get() {
        Some(text) => text.clone(),
        None => web::block(move || all[number].text().clone()).await?,
    };
    Ok(HttpResponse::Ok().content_type("application/json").body(text))
}

impl Document {
    fn text(&self) -> &web::Bytes {
        self.text.get_or_init(|| web::Bytes::from(openapi::to_text(&self.make()).unwrap_or_default()))
    }

    fn make(&self) -> OpenApi {
        let Mounts { list, beside } = &*self.mounts;
        match self.of {
            Subject::Whole { shows_metrics } => {
                let mounted: Vec<_> = list.iter().map(Mount::mounted).collect();
                openapi::merged(&mounted, beside, own(shows_metrics))
            }
            Subject::Dialect(name) => {
                let mut documents = list
                    .iter()
                    .filter(|mount| mount.dialect.name == name)
                    .map(|mount| openapi::document(mount.mounted(), beside));
                let mut first = documents.next().unwrap_or_default();
                documents.for_each(|other| first.paths.merge(other.paths));
                first
            }
        }
    }
}

/// The server's own operations, `/metrics` among them only if they are served beside everything else.
pub(super) fn own(shows_metrics: bool) -> OpenApi {
    let mut own = super::own_document();
    if !shows_metrics {
        own.paths.paths.remove(metrics::PATH);
    }
    own
}

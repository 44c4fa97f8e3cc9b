//! `/docs`, `/openapi.json` and `/openapi/{adapter}.json`: the documents of the running configuration.

use std::{collections::BTreeMap, sync::Arc};

use actix_web::{HttpResponse, http::header::LOCATION, web};
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::{metrics, mounts::Mounts};
use crate::openapi;

/// The rendered documents.
#[derive(Clone)]
pub(super) struct Docs {
    whole: Arc<OpenApi>,
    texts: Arc<BTreeMap<String, web::Bytes>>,
}

impl Docs {
    /// Those of these mounts, and of `/metrics` if they are served here.
    pub(super) fn of(mounts: &Mounts, shows_metrics: bool) -> Self {
        let mounted: Vec<_> = mounts.list.iter().map(super::mounts::Mount::mounted).collect();
        let mut own = super::own_document();
        if !shows_metrics {
            own.paths.paths.remove(metrics::PATH);
        }
        let whole = openapi::merged(&mounted, &mounts.beside, own);
        let mut documents = BTreeMap::from([("/openapi.json".to_owned(), whole.clone())]);
        for mount in mounted {
            let path = format!("/openapi/{}.json", mount.dialect.name);
            let document = openapi::document(mount, &mounts.beside);
            documents.entry(path).and_modify(|known| known.paths.merge(document.paths.clone())).or_insert(document);
        }
        let text = |document: &OpenApi| web::Bytes::from(openapi::to_text(document).unwrap_or_default());
        let texts = documents.iter().map(|(path, document)| (path.clone(), text(document))).collect();
        Self { whole: Arc::new(whole), texts: Arc::new(texts) }
    }

    /// The merged document.
    pub(super) fn merged(&self) -> &OpenApi {
        &self.whole
    }

    /// The paths of all this, as patterns.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().map(String::as_str).chain(["/docs", "/docs/", "/docs/{file}"])
    }

    pub(super) fn routes(&self, cfg: &mut web::ServiceConfig) {
        for (path, text) in self.texts.iter() {
            let text = text.clone();
            let show = move || {
                let text = text.clone();
                async move { HttpResponse::Ok().content_type("application/json").body(text) }
            };
            cfg.route(path, web::get().to(show));
        }
        // The page stands below /docs/ and names the document by a relative address, so that it also works behind a
        // proxy that puts a path before it.
        let to_page = || async { HttpResponse::PermanentRedirect().insert_header((LOCATION, "docs/")).finish() };
        cfg.route("/docs", web::get().to(to_page));
        cfg.service(SwaggerUi::new("/docs/{_:.*}").config(Config::from("../openapi.json").try_it_out_enabled(true)));
    }
}

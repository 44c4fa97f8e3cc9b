//! Whose a path is: the dialect's that serves it, or else that with the longest prefix that fits. It answers what nothing
//! serves in its own words, and has its say in front of the router.

use std::collections::BTreeMap;

use actix_web::{
    HttpRequest, HttpResponse,
    dev::ServiceRequest,
    http::{Method, header::ALLOW},
    web,
};
use countersign_adapters::{Dialect, front::Front};
use utoipa::openapi::OpenApi;

use super::{mounts::Mounts, verify};
use crate::openapi;

/// The mounts by prefix, and what is served by path.
pub(super) struct Paths {
    prefixes: Vec<(String, &'static Dialect)>,
    served: Vec<Served>,
}

/// A path that is served.
struct Served {
    pattern: Vec<Segment>,
    methods: Vec<Method>,
    /// The first mount that has it; none for the server's own paths.
    owner: Option<&'static Dialect>,
}

/// A part of a path pattern between two slashes.
enum Segment {
    Exact(String),
    Any,
}

impl Paths {
    pub(super) fn new(mounts: &Mounts, merged: &OpenApi) -> Self {
        let mut prefixes: Vec<_> = mounts.list.iter().map(|mount| (mount.prefix.clone(), mount.dialect)).collect();
        // Stable: of two mounts at one prefix the first in the configuration speaks.
        prefixes.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        let mut owners = BTreeMap::new();
        for mount in &mounts.list {
            for path in openapi::methods(&openapi::document(mount.mounted(), &mounts.beside)).into_keys() {
                owners.entry(path).or_insert(mount.dialect);
            }
        }
        let served = |(path, methods): (String, Vec<&str>)| Served {
            pattern: segments(&path),
            methods: methods.iter().filter_map(|method| method.parse().ok()).collect(),
            owner: owners.get(&path).copied(),
        };
        let served = openapi::methods(merged).into_iter().map(served).collect();
        Self { prefixes, served }
    }

    fn served(&self, path: &str) -> Option<&Served> {
        let parts: Vec<_> = path.split('/').collect();
        let fits = |pattern: &[Segment]| {
            pattern.len() == parts.len()
                && pattern.iter().zip(&parts).all(|(segment, part)| match segment {
                    Segment::Exact(text) => text == part,
                    Segment::Any => !part.is_empty(),
                })
        };
        self.served.iter().find(|served| fits(&served.pattern))
    }

    /// Whose path it is; nobody's if it is one of the server's own.
    fn owner(&self, path: &str) -> Option<&'static Dialect> {
        if verify::is_asked(path) {
            return None;
        }
        self.served(path).map_or_else(|| self.dialect(path), |served| served.owner)
    }

    fn dialect(&self, path: &str) -> Option<&'static Dialect> {
        let below =
            |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        self.prefixes.iter().find(|(prefix, _)| below(prefix)).map(|(_, dialect)| *dialect)
    }
}

fn segments(pattern: &str) -> Vec<Segment> {
    let segment = |part: &str| if part.starts_with('{') { Segment::Any } else { Segment::Exact(part.to_owned()) };
    pattern.split('/').map(segment).collect()
}

/// The front of the dialect whose path this is, if it has one.
pub(super) fn front(request: &ServiceRequest) -> Option<Front> {
    request.app_data::<web::Data<Paths>>()?.owner(request.path())?.front
}

/// 404 or 405 in the words of the dialect; where no dialect is mounted, in nobody's.
pub(super) async fn unserved(request: HttpRequest, paths: web::Data<Paths>) -> HttpResponse {
    let served = paths.served(request.path());
    let allowed = served.map_or(&[][..], |served| &served.methods);
    match served.and_then(|served| served.owner).or_else(|| paths.dialect(request.path())) {
        Some(dialect) => (dialect.unserved)(&request, allowed),
        None if allowed.is_empty() => HttpResponse::NotFound().finish(),
        None => {
            let allowed: Vec<&str> = allowed.iter().map(Method::as_str).collect();
            HttpResponse::MethodNotAllowed().insert_header((ALLOW, allowed.join(", "))).finish()
        }
    }
}

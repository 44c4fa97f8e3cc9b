//! What answers a path that nothing serves: the dialect of the longest prefix that fits, in its own words.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, http::Method, web};
use countersign_adapters::Dialect;
use utoipa::openapi::OpenApi;

use super::mounts::Mounts;
use crate::openapi;

/// The mounts by prefix and the methods by path.
pub(super) struct Fallback {
    prefixes: Vec<(String, &'static Dialect)>,
    paths: Vec<(Vec<Segment>, Vec<Method>)>,
}

/// A part of a path pattern between two slashes.
enum Segment {
    Exact(String),
    Any,
}

impl Fallback {
    pub(super) fn new(mounts: &Mounts, merged: &OpenApi) -> Self {
        let mut prefixes: Vec<_> = mounts.list.iter().map(|mount| (mount.prefix.clone(), mount.dialect)).collect();
        // Stable: of two mounts at one prefix the first in the configuration speaks.
        prefixes.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        let patterns: BTreeMap<_, _> = openapi::methods(merged);
        let paths = patterns
            .iter()
            .map(|(path, methods)| (segments(path), methods.iter().filter_map(|m| m.parse().ok()).collect()))
            .collect();
        Self { prefixes, paths }
    }

    fn allowed(&self, path: &str) -> &[Method] {
        let parts: Vec<_> = path.split('/').collect();
        let fits = |pattern: &[Segment]| {
            pattern.len() == parts.len()
                && pattern.iter().zip(&parts).all(|(segment, part)| match segment {
                    Segment::Exact(text) => text == part,
                    Segment::Any => !part.is_empty(),
                })
        };
        self.paths.iter().find(|(pattern, _)| fits(pattern)).map_or(&[], |(_, methods)| methods)
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

/// 404 or 405 in the words of the dialect; where no dialect is mounted, in nobody's.
pub(super) async fn unserved(request: HttpRequest, fallback: web::Data<Fallback>) -> HttpResponse {
    match fallback.dialect(request.path()) {
        Some(dialect) => (dialect.unserved)(&request, fallback.allowed(request.path())),
        None => HttpResponse::NotFound().finish(),
    }
}

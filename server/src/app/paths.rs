//! Whose a path is: the dialect's that serves it, or else that with the longest prefix that fits. It answers what nothing
//! serves in its own words, and has its say in front of the router.

use std::collections::BTreeMap;

use actix_web::{
    HttpRequest, HttpResponse,
    dev::{ServiceRequest, Url},
    http::{Method, Uri, header::ALLOW},
    web,
};
use countersign_adapters::{Dialect, front::Front};
use utoipa::openapi::OpenApi;

use super::{docs::Docs, mounts::Mounts, verify};
use crate::openapi;

/// The mounts by prefix, and what is served by path.
pub(super) struct Paths {
    prefixes: Vec<(String, &'static Dialect)>,
    served: Vec<Served>,
    /// The fronts of the mounts that have one.
    fronts: Vec<Front>,
    /// The prefixes below which nothing is theirs: nobody there pays for looking them up.
    plain: Vec<String>,
}

/// A path that is served.
struct Served {
    /// As the document has it.
    template: String,
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
    pub(super) fn new(mounts: &Mounts, docs: &Docs, own: &OpenApi) -> Self {
        let mut prefixes: Vec<_> = mounts.list.iter().map(|mount| (mount.prefix.clone(), mount.dialect)).collect();
        // Stable: of two mounts at one prefix the first in the configuration speaks.
        prefixes.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        let mut owners = BTreeMap::new();
        for mount in &mounts.list {
            for path in mount.methods.keys() {
                owners.entry(path.clone()).or_insert(mount.dialect);
            }
        }
        let of_mounts = mounts.list.iter().map(|mount| mount.methods.clone());
        let all = openapi::joined(of_mounts.chain([openapi::methods(own)]));
        let served = |(path, methods): (String, Vec<&str>)| Served {
            pattern: segments(&path),
            methods: methods.iter().filter_map(|method| method.parse().ok()).collect(),
            owner: owners.get(&path).copied(),
            template: path,
        };
        let mut served: Vec<_> = all.into_iter().map(served).collect();
        let documents = docs.paths().map(|path| Served {
            pattern: segments(path),
            methods: vec![Method::GET],
            owner: None,
            template: path.to_owned(),
        });
        served.extend(documents);
        let fronted = |dialect: &&Dialect| dialect.front.is_some();
        let of_paths = owners.iter().filter(|(_, dialect)| fronted(dialect)).map(|(path, _)| path.as_str());
        let of_mounts = prefixes.iter().filter(|(_, dialect)| fronted(dialect)).map(|(prefix, _)| prefix.as_str());
        let theirs: Vec<&str> = of_paths.chain(of_mounts).collect();
        let is_plain = |prefix: &&str| !prefix.is_empty() && !theirs.iter().any(|path| is_below(prefix, path));
        let plain = prefixes.iter().map(|(prefix, _)| prefix.as_str()).filter(is_plain).map(str::to_owned).collect();
        let fronts = prefixes.iter().filter_map(|(_, dialect)| dialect.front).collect();
        Self { prefixes, served, fronts, plain }
    }

    /// Everything whose pattern fits the path, with its number.
    fn fitting(&self, path: &str) -> impl Iterator<Item = (usize, &Served)> {
        let parts: Vec<_> = path.split('/').collect();
        let fits = move |pattern: &[Segment]| {
            pattern.len() == parts.len()
                && pattern.iter().zip(&parts).all(|(segment, part)| match segment {
                    Segment::Exact(text) => text == part,
                    Segment::Any => !part.is_empty(),
                })
        };
        self.served.iter().enumerate().filter(move |(_, served)| fits(&served.pattern))
    }

    /// How many paths there are.
    pub(super) fn len(&self) -> usize {
        self.served.len()
    }

    /// The number of the first pattern that fits the path.
    pub(super) fn number(&self, path: &str) -> Option<usize> {
        self.fitting(path).next().map(|(number, _)| number)
    }

    /// The pattern of this number.
    pub(super) fn template(&self, number: usize) -> &str {
        &self.served[number].template
    }

    /// Who answers there; nobody for the server's own paths.
    pub(super) fn dialect_of(&self, number: usize) -> Option<&'static str> {
        self.served[number].owner.map(|dialect| dialect.name)
    }

    fn served(&self, path: &str) -> Option<&Served> {
        self.fitting(path).next().map(|(_, served)| served)
    }

    /// The methods that a dialect's refusal names: those of the first pattern that fits. A router with a front, which is
    /// Laravel's, names those of all.
    fn allowed(&self, path: &str, dialect: &Dialect) -> Vec<Method> {
        let patterns = if dialect.front.is_some() { usize::MAX } else { 1 };
        self.fitting(path).take(patterns).flat_map(|(_, served)| &served.methods).cloned().collect()
    }

    /// Whose path it is; nobody's if it is one of the server's own.
    fn owner(&self, path: &str) -> Option<&'static Dialect> {
        if verify::is_asked(path) {
            return None;
        }
        self.served(path).map_or_else(|| self.dialect(path), |served| served.owner)
    }

    fn dialect(&self, path: &str) -> Option<&'static Dialect> {
        self.prefixes.iter().find(|(prefix, _)| is_below(prefix, path)).map(|(_, dialect)| *dialect)
    }

    /// The front of the dialect whose path this is.
    fn front(&self, path: &str) -> Option<Front> {
        self.owner(path)?.front
    }

    /// The path as the router of its dialect reads it, if that is another. What else is without its slashes at the end is
    /// so only where nothing is served as it is written: an application's own views may end with one.
    fn spelling(&self, request: &ServiceRequest) -> Option<Uri> {
        let (written, map) = (request.path(), request.resource_map());
        let spelt = self.fronts.iter().find_map(|front| (front.spelling)(written))?;
        let is_decoded = spelt != written.trim_end_matches('/');
        let uri = Uri::builder().path_and_query(spelt).build().ok()?;
        let (here, there) = (request.match_info().as_str(), Url::new(uri.clone()));
        let is_theirs = is_decoded && self.front(here).is_some();
        let is_served = || map.has_resource(there.path()) && !map.has_resource(here);
        (self.front(there.path()).is_some() && (is_theirs || is_served())).then_some(uri)
    }
}

/// Is `path` the prefix, or below it?
pub(super) fn is_below(prefix: &str, path: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn segments(pattern: &str) -> Vec<Segment> {
    let segment = |part: &str| if part.starts_with('{') { Segment::Any } else { Segment::Exact(part.to_owned()) };
    pattern.split('/').map(segment).collect()
}

/// The front that a request comes to. The router reads its path as the dialect's own does from here on.
pub(super) fn front(request: &mut ServiceRequest) -> Option<Front> {
    let paths = request.app_data::<web::Data<Paths>>()?;
    let written = request.match_info().as_str();
    if paths.fronts.is_empty() || paths.plain.iter().any(|prefix| is_below(prefix, written)) {
        return None;
    }
    let paths = paths.clone();
    if let Some(uri) = paths.spelling(request) {
        request.match_info_mut().get_mut().update(&uri);
    }
    paths.front(request.match_info().as_str())
}

/// 404 or 405 in the words of the dialect; where no dialect is mounted, in nobody's.
pub(super) async fn unserved(request: HttpRequest, paths: web::Data<Paths>) -> HttpResponse {
    let path = request.match_info().as_str();
    let served = paths.served(path);
    if let Some(dialect) = served.and_then(|served| served.owner).or_else(|| paths.dialect(path)) {
        return (dialect.unserved)(&request, &paths.allowed(path, dialect));
    }
    match served {
        None => HttpResponse::NotFound().finish(),
        Some(served) => {
            let allowed: Vec<&str> = served.methods.iter().map(Method::as_str).collect();
            HttpResponse::MethodNotAllowed().insert_header((ALLOW, allowed.join(", "))).finish()
        }
    }
}

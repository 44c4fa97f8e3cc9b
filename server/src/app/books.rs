//! Where every answer is entered: it is counted, and told to the access log.

use std::{sync::Arc, time::Instant};

use actix_web::{body::BodySize, dev::RequestHead, http::StatusCode};
use countersign_adapters::mount::Site;

use super::{
    access::{AccessLog, Desk, Line},
    requests::{Requests, Route, Worker},
};

/// The books of one worker, or of one layer of it.
pub(super) struct Books {
    worker: Worker,
    desk: Option<Desk>,
    site: Arc<Site>,
}

/// What is entered of an answer.
pub(super) struct Entry<'a> {
    /// The number of the route.
    pub(super) number: usize,
    /// The request's method.
    pub(super) method: &'a str,
    /// The answer's status.
    pub(super) status: StatusCode,
    /// The length of its body.
    pub(super) size: BodySize,
}

impl Books {
    pub(super) fn new(requests: &Requests, access: Option<&AccessLog>, site: &Arc<Site>) -> Self {
        Self { worker: requests.worker(), desk: access.map(AccessLog::desk), site: Arc::clone(site) }
    }

    /// When a request came, if anybody wants to know.
    pub(super) fn begin(&self) -> Option<Instant> {
        self.desk.is_some().then(Instant::now)
    }

    /// The number of the route of `path`.
    pub(super) fn number(&self, path: &str) -> usize {
        self.worker.number(path)
    }

    /// Enters the answer to `request`, which came at `began`.
    pub(super) fn enter(&self, entry: &Entry<'_>, request: &RequestHead, began: Option<Instant>) {
        let Entry { number, method, status, size } = *entry;
        self.worker.count(number, status);
        let (Some(desk), Some(began)) = (&self.desk, began) else { return };
        let Route { dialect, template } = self.worker.route(number);
        let bytes = match size {
            BodySize::Sized(bytes) => bytes,
            BodySize::None | BodySize::Stream => 0,
        };
        let client = self.site.proxies.client_of(request);
        desk.tell(&Line { client, method, dialect, route: template, status: status.as_u16(), bytes }, began);
    }
}

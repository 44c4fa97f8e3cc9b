//! How many requests were answered, by whose words, at which path and with which status.
//!
//! Each worker counts in cells of its own, which nobody else writes, and whoever asks for the numbers adds the workers up.
//! There is a cell for each documented path and each status of a fixed list, so no client can make up a new one.

use std::{
    cell::RefCell,
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use actix_web::{http::StatusCode, web};

use super::paths::Paths;

/// What is answered anywhere in this server, and 0 for everything else.
const STATUSES: [u16; 30] = [
    0, 101, 200, 201, 202, 204, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 406, 408, 409, 411, 413, 415,
    419, 422, 426, 429, 431, 500, 503,
];
/// Where a status stands in that list.
const PLACES: [u8; 1000] = {
    let mut places = [0; 1000];
    let mut place = 0_u8;
    while (place as usize) < STATUSES.len() {
        places[STATUSES[place as usize] as usize] = place;
        place += 1;
    }
    places
};
/// What is said of a path that is none of ours.
const OTHER: &str = "other";
/// What is said where no dialect speaks.
const SERVER: &str = "server";

/// The requests of all workers.
pub(super) struct Requests {
    paths: web::Data<Paths>,
    workers: Mutex<Vec<Arc<Cells>>>,
}

/// One cell a path and a status, and those of no path.
type Cells = [AtomicU64];

/// The requests of one worker.
pub(super) struct Worker {
    paths: web::Data<Paths>,
    cells: Arc<Cells>,
    /// The paths without variable parts that were met, by the number of their pattern. As many as patterns at most.
    known: RefCell<HashMap<Box<str>, usize>>,
}

/// Whose a request is, and the pattern of its path: nothing that a client could choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Route<'a> {
    /// The dialect that answers there, or the server itself.
    pub(super) dialect: &'a str,
    /// The path as the document has it.
    pub(super) template: &'a str,
}

impl Requests {
    pub(super) fn new(paths: web::Data<Paths>) -> Self {
        Self { paths, workers: Mutex::default() }
    }

    /// One more worker.
    pub(super) fn worker(&self) -> Worker {
        let count = (self.paths.len() + 1) * STATUSES.len();
        let cells: Arc<Cells> = std::iter::repeat_with(AtomicU64::default).take(count).collect();
        self.workers.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&cells));
        Worker { paths: self.paths.clone(), cells, known: RefCell::default() }
    }

    /// Every route and status that was answered, with how often; the status 0 is any that is not in the list.
    pub(super) fn sums(&self) -> Vec<(Route<'_>, u16, u64)> {
        let workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = |cell: usize| workers.iter().map(|cells| cells[cell].load(Ordering::Relaxed)).sum::<u64>();
        let cells = (0..(self.paths.len() + 1) * STATUSES.len()).map(|cell| (cell, sum(cell)));
        let shown = |(cell, count)| (route(&self.paths, cell / STATUSES.len()), STATUSES[cell % STATUSES.len()], count);
        cells.filter(|(_, count)| *count > 0).map(shown).collect()
    }
}

impl Worker {
    /// The number of the route of `path`.
    pub(super) fn number(&self, path: &str) -> usize {
        if let Some(number) = self.known.borrow().get(path) {
            return *number;
        }
        let Some(number) = self.paths.number(path) else { return self.paths.len() };
        if self.paths.template(number) == path {
            self.known.borrow_mut().insert(path.into(), number);
        }
        number
    }

    /// The route of this number.
    pub(super) fn route(&self, number: usize) -> Route<'_> {
        route(&self.paths, number)
    }

    /// Counts an answer.
    pub(super) fn count(&self, number: usize, status: StatusCode) {
        let place = PLACES.get(usize::from(status.as_u16())).copied().unwrap_or_default();
        if let Some(cell) = self.cells.get(number * STATUSES.len() + usize::from(place)) {
            // Nobody else writes it, so no lock is needed.
            cell.store(cell.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        }
    }
}

fn route(paths: &Paths, number: usize) -> Route<'_> {
    if number < paths.len() {
        Route { dialect: paths.dialect_of(number).unwrap_or(SERVER), template: paths.template(number) }
    } else {
        Route { dialect: SERVER, template: OTHER }
    }
}

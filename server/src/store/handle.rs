//! How a [`Store`](super::Store) asks: with or without waiting.

use std::{ops::Deref, sync::Arc};

use diesel::QueryResult;

use super::{
    connection::AnyConnection,
    pool::{Connections, Failure},
};

/// All connections, and whether they are waited for.
#[derive(Clone)]
pub struct Handle {
    connections: Arc<Connections>,
    at_once: bool,
}

impl Handle {
    /// Waits, as [`Connections`] do.
    pub fn new(connections: Arc<Connections>) -> Self {
        Self { connections, at_once: false }
    }

    /// Reads without waiting and writes nothing; `None` where that cannot be.
    pub fn at_once(&self) -> Option<Self> {
        self.reads_at_once().then(|| Self { connections: Arc::clone(&self.connections), at_once: true })
    }

    /// The connections themselves.
    pub fn connections(&self) -> Arc<Connections> {
        Arc::clone(&self.connections)
    }

    /// [`Connections::read`], or [`Connections::read_at_once`].
    pub fn read<T>(&self, work: impl Fn(&mut AnyConnection) -> QueryResult<T>) -> Result<T, Failure> {
        if self.at_once { self.connections.read_at_once(work) } else { self.connections.read(work) }
    }

    /// [`Connections::write`].
    pub fn write<T>(&self, work: impl Fn(&mut AnyConnection) -> QueryResult<T>) -> Result<T, Failure> {
        if self.at_once { Err(Failure::NotAtOnce) } else { self.connections.write(work) }
    }

    /// [`Connections::write_contended`].
    pub fn write_contended<T>(&self, work: impl Fn(&mut AnyConnection) -> QueryResult<T>) -> Result<T, Failure> {
        if self.at_once { Err(Failure::NotAtOnce) } else { self.connections.write_contended(work) }
    }
}

impl Deref for Handle {
    type Target = Connections;

    fn deref(&self) -> &Connections {
        &self.connections
    }
}

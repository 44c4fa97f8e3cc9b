//! What the experiments share: servers that are started and killed by their number, databases of their own, clients that note what was
//! acknowledged, and the table of what was asked and what came.

mod balancer;
mod base;
mod cage;
mod client;
mod dice;
mod disk;
mod door;
mod figures;
mod load;
mod outage;
mod postgres;
mod proxy;
mod server;
mod sql;

pub use balancer::Balancer;
pub use base::{Base, Run};
pub use cage::{Cage, sweep_cages};
pub use client::{Client, Lost, Reply, request};
pub use dice::Dice;
pub use disk::Disk;
pub use door::{Door, Entered, PASSWORD, Proof, address, is_taken, register};
pub use figures::Figures;
pub use load::{Kind, Load, Noted, Sample, leaving, percentile};
pub use outage::{Outage, wrong};
pub use postgres::Postgres;
pub use proxy::Proxy;
pub use server::{Installation, Process, SURFACES};
pub use sql::{count, execute, sqlite};

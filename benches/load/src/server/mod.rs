//! The servers that are measured, each started anew for each measurement, with a directory of its own that goes with
//! it.

mod bare;
mod redis;
mod respod;

use std::net::SocketAddr;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::failure::{Doing, Failure};
use crate::process::Process;
use crate::subject::Subject;

pub(crate) use bare::{Bare, serve};
pub(crate) use redis::version as redis_version;
pub(crate) use respod::{build, on_store};

/// A server that runs. It is ended, and its directory removed, when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    // The order is that in which they go.
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    _directory: TempDir,
}

/// Where the programs and the disk are.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    /// The respod to measure.
    pub(crate) respod: PathBuf,
    /// Where servers keep what they keep: on the disk that is measured.
    pub(crate) directory: PathBuf,
}

impl Server {
    /// Starts it with so many resources, and room for so many clients.
    pub(crate) fn start(
        site: &Site,
        subject: Subject,
        resources: usize,
        clients: usize,
    ) -> Result<Self, Failure> {
        let directory = TempDir::with_prefix_in("load-", &site.directory);
        let directory =
            directory.doing(format!("make a directory in {}", site.directory.display()))?;
        match subject {
            Subject::Respod { store, .. } => {
                respod::start(&site.respod, directory, store, resources, clients)
            }
            Subject::Redis { disk } => redis::start(directory, disk, resources, clients),
            Subject::Echo => bare::start(directory, Bare::Echo),
            Subject::Warp => bare::start(directory, Bare::Warp),
        }
    }
}
